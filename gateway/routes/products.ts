import * as z from 'zod';
import { text } from '../../platform/grpc/fields.ts';
import type { Product } from '../../proto/gen/shopfast/products/v1/products.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Routes } from '../context.ts';
import { scopedKey } from '../idempotency-key.ts';
import { pathId, readBody, readQuery } from '../input.ts';
import { inRole } from '../middleware/caller.ts';
import { cursorJson, moneyJson, moneySchema, pageFields, present } from '../wire.ts';

// What a 32-bit stock counter holds with room for every reservation.
const STOCK_MAX = 1_000_000_000;

const newProduct = z.strictObject({
  sku: text({ min: 1, max: 64 }),
  name: text({ min: 1, max: 200 }),
  description: text({ min: 0, max: 5_000, lines: true }).default(''),
  category: text({ min: 0, max: 100 }).default(''),
  price: moneySchema,
  stock_quantity: z.int('must be a whole number').min(0, 'must not be negative').max(STOCK_MAX, `must be at most ${STOCK_MAX}`),
});

const stockChange = z.strictObject({
  delta: z
    .int('must be a whole number')
    .min(-STOCK_MAX, `must be at least -${STOCK_MAX}`)
    .max(STOCK_MAX, `must be at most ${STOCK_MAX}`)
    .refine((delta) => delta !== 0, 'must not be 0'),
  reason: text({ min: 1, max: 200 }),
});

const search = z.strictObject({
  q: text({ min: 0, max: 200 }).default(''),
  category: text({ min: 0, max: 100 }).default(''),
  ...pageFields,
});

export function productRoutes(router: Routes, { products }: Clients): void {
  router.get('/products', async (ctx) => {
    const { q, category, limit, cursor } = readQuery(ctx, search);
    const found = await products.calls.searchProducts(
      { query: q, category, pageSize: limit, cursor },
      { deadlineMs: DEADLINES_MS.browse },
    );
    ctx.body = { items: found.products.map(productJson), next_cursor: cursorJson(found.nextCursor) };
  });

  router.get('/products/:id', async (ctx) => {
    const { product } = await products.calls.getProduct({ productId: pathId(ctx) }, { deadlineMs: DEADLINES_MS.browse });
    ctx.body = productJson(present(product, 'a product'));
  });

  router.post('/products', async (ctx) => {
    inRole(ctx, 'admin');
    const { sku, name, description, category, price, stock_quantity } = await readBody(ctx, newProduct);
    const { product } = await products.calls.createProduct(
      {
        idempotencyKey: scopedKey(ctx, 'create-product'),
        sku,
        name,
        description,
        category,
        price: { amountMinor: price.amount_minor, currency: price.currency },
        stockQuantity: stock_quantity,
      },
      { deadlineMs: DEADLINES_MS.administer },
    );
    const created = productJson(present(product, 'a product'));
    ctx.status = 201;
    ctx.set('Location', `/v1/products/${created.id}`);
    ctx.body = created;
  });

  router.post('/products/:id/stock', async (ctx) => {
    inRole(ctx, 'admin');
    const productId = pathId(ctx);
    const { delta, reason } = await readBody(ctx, stockChange);
    const { product } = await products.calls.adjustStock(
      { idempotencyKey: scopedKey(ctx, 'adjust-stock'), productId, delta, reason },
      { deadlineMs: DEADLINES_MS.administer },
    );
    ctx.body = productJson(present(product, 'a product'));
  });
}

function productJson(product: Product) {
  return {
    id: product.id,
    sku: product.sku,
    name: product.name,
    description: product.description,
    category: product.category,
    price: moneyJson(present(product.price, 'a price')),
    stock_quantity: product.stockQuantity,
    reserved_quantity: product.reservedQuantity,
    available_quantity: product.availableQuantity,
    active: product.active,
    version: product.version,
    created_at: product.createdAt,
    updated_at: product.updatedAt,
  };
}
