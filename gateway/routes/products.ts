import { createHash } from 'node:crypto';
import type { Product } from '../../proto/gen/shopfast/products/v1/products.ts';
import { serve } from '../api/operation.ts';
import { adjustStock, createProduct, readProduct, readProducts, searchProducts, updateProduct } from '../api/products.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import { answerTagged } from '../conditional.ts';
import type { Routes } from '../context.ts';
import { scopedKey } from '../idempotency-key.ts';
import { pathId, readBody, readQuery } from '../input.ts';
import { cursorJson, moneyFrom, moneyJson, present } from '../wire.ts';

export function productRoutes(router: Routes, { products }: Clients): void {
  serve(router, searchProducts, async (ctx) => {
    const { q, category, limit, cursor } = readQuery(ctx, searchProducts.query);
    const found = await products.calls.searchProducts(
      { query: q, category, pageSize: limit, cursor },
      { deadlineMs: DEADLINES_MS.browse },
    );
    const { products: items, nextCursor } = found;
    answerTagged(ctx, tagOf(items, nextCursor), { items: items.map(productJson), next_cursor: cursorJson(nextCursor) });
  });

  serve(router, readProduct, async (ctx) => {
    const found = await products.calls.getProduct({ productId: pathId(ctx) }, { deadlineMs: DEADLINES_MS.browse });
    const product = present(found.product, 'a product');
    answerTagged(ctx, String(product.version), productJson(product));
  });

  serve(router, readProducts, async (ctx) => {
    const { product_ids } = await readBody(ctx, readProducts.body);
    const productIds = [...new Set(product_ids)];
    const found = await products.calls.getProducts({ productIds }, { deadlineMs: DEADLINES_MS.browse });
    const known = new Set(found.products.map(({ id }) => id));
    ctx.body = { items: found.products.map(productJson), not_found: productIds.filter((id) => !known.has(id)) };
  });

  serve(router, createProduct, async (ctx) => {
    const { sku, name, description, category, price, stock_quantity } = await readBody(ctx, createProduct.body);
    const { product } = await products.calls.createProduct(
      {
        idempotencyKey: scopedKey(ctx, 'create-product'),
        sku,
        name,
        description,
        category,
        price: moneyFrom(price),
        stockQuantity: stock_quantity,
      },
      { deadlineMs: DEADLINES_MS.administer },
    );
    const created = productJson(present(product, 'a product'));
    ctx.status = 201;
    ctx.set('Location', `/v1/products/${created.id}`);
    ctx.body = created;
  });

  serve(router, updateProduct, async (ctx) => {
    const productId = pathId(ctx);
    const { price, ...changes } = await readBody(ctx, updateProduct.body);
    const { product } = await products.calls.updateProduct(
      {
        idempotencyKey: scopedKey(ctx, 'update-product'),
        productId,
        ...changes,
        ...(price === undefined ? {} : { price: moneyFrom(price) }),
      },
      { deadlineMs: DEADLINES_MS.administer },
    );
    ctx.body = productJson(present(product, 'a product'));
  });

  serve(router, adjustStock, async (ctx) => {
    const productId = pathId(ctx);
    const { delta, reason } = await readBody(ctx, adjustStock.body);
    const { product } = await products.calls.adjustStock(
      { idempotencyKey: scopedKey(ctx, 'adjust-stock'), productId, delta, reason },
      { deadlineMs: DEADLINES_MS.administer },
    );
    ctx.body = productJson(present(product, 'a product'));
  });
}

/** Of a list: which products in which versions, and whether there are more. */
function tagOf(items: readonly Product[], nextCursor: string): string {
  const state = JSON.stringify([items.map(({ id, version }) => [id, version]), nextCursor]);
  return createHash('sha256').update(state).digest('base64url').slice(0, 22);
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
