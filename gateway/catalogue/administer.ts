import * as z from 'zod';
import { text } from '../../platform/rpc/fields.ts';
import type { Dimensions } from '../../proto/gen/shopfast/products/v1/products.ts';
import type { Clients } from '../clients.ts';
import { scopedKey } from '../http/idempotency-key.ts';
import { pathId, readBody } from '../http/input.ts';
import { moneyFrom, present } from '../http/json.ts';
import type { Route } from '../http/route.ts';
import { moneyInput } from '../http/schemas.ts';
import { productJson, productSchema } from './product-json.ts';

type AdministerDeps = { readonly clients: Pick<Clients, 'products'> };

const LIMITS = { deadlineMs: 5_000 };
// Fits a 32-bit stock counter with room for every reservation.
const STOCK_MAX = 1_000_000_000;

const KEY = { 'Idempotency-Key': { description: 'The same in every retry.' } };

const IMAGE_URL_MAX = 2_000;
const WEIGHT_MAX_GRAMS = 100_000_000;
const LENGTH_MAX_MM = 100_000;

const length = z
  .int('must be whole millimetres')
  .min(1, 'must be at least 1')
  .max(LENGTH_MAX_MM, `must be at most ${LENGTH_MAX_MM}`);

const fields = {
  name: text({ min: 1, max: 200 }),
  description: text({ min: 0, max: 5_000, lines: true }),
  category: text({ min: 0, max: 100 }),
  price: moneyInput,
  image_url: z.url({ protocol: /^https$/, error: 'must be an https URL' }).max(IMAGE_URL_MAX, 'is too long'),
  weight_grams: z.int('must be whole grams').min(1, 'must be at least 1').max(WEIGHT_MAX_GRAMS, 'is too heavy'),
  dimensions_mm: z.strictObject({ length, width: length, height: length }),
};

const newProduct = z.strictObject({
  sku: text({ min: 1, max: 64 }),
  name: fields.name,
  description: fields.description.default(''),
  category: fields.category.default(''),
  price: fields.price,
  stock_quantity: z.int('must be a whole number').min(0, 'must not be negative').max(STOCK_MAX, `must be at most ${STOCK_MAX}`),
  image_url: fields.image_url.optional(),
  weight_grams: fields.weight_grams.optional(),
  dimensions_mm: fields.dimensions_mm.optional(),
});

export const createProduct: Route<AdministerDeps> = {
  operation: {
    id: 'createProduct',
    method: 'POST',
    path: '/v1/products',
    tag: 'products',
    summary: 'Add a product',
    access: ['admin'],
    headers: KEY,
    body: newProduct,
    answers: { 201: { description: 'Added.', schema: productSchema, headers: { Location: 'The product.' } } },
    problems: ['sku_taken', 'idempotency_key_reused'],
  },
  handler: ({ clients: { products } }) =>
    async function createProductHandler(ctx) {
      const {
        price,
        stock_quantity: stockQuantity,
        image_url,
        weight_grams,
        dimensions_mm,
        ...texts
      } = await readBody(ctx, newProduct);
      const parcel = parcelFrom({ weight_grams, dimensions_mm });
      const { product } = await products.calls.createProduct(
        {
          idempotencyKey: scopedKey(ctx, 'create-product'),
          ...texts,
          price: moneyFrom(price),
          stockQuantity,
          imageUrl: image_url ?? '',
          ...parcel,
        },
        LIMITS,
      );
      const created = productJson(present(product, 'a product'));
      ctx.status = 201;
      ctx.set('Location', `/v1/products/${created.id}`);
      ctx.body = created;
    },
};

const productChanges = z
  .strictObject({
    name: fields.name.optional(),
    description: fields.description.optional(),
    category: fields.category.optional(),
    price: fields.price.optional(),
    image_url: fields.image_url.nullable().optional().describe('null: removed.'),
    weight_grams: fields.weight_grams.nullable().optional().describe('null: removed.'),
    dimensions_mm: fields.dimensions_mm.nullable().optional().describe('null: removed.'),
    active: z.boolean('must be true or false').optional(),
  })
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), 'must change something')
  .meta({ minProperties: 1 });

export const updateProduct: Route<AdministerDeps> = {
  operation: {
    id: 'updateProduct',
    method: 'PUT',
    path: '/v1/products/:id',
    tag: 'products',
    summary: 'Change a product',
    description: 'Absent fields keep their values. SKU and stock do not change here. Orders keep the price of their time.',
    access: ['admin'],
    headers: KEY,
    body: productChanges,
    answers: { 200: { description: 'The changed product.', schema: productSchema } },
    problems: ['idempotency_key_reused'],
  },
  handler: ({ clients: { products } }) =>
    async function updateProductHandler(ctx) {
      const productId = pathId(ctx);
      const { price, image_url, weight_grams, dimensions_mm, ...changes } = await readBody(ctx, productChanges);
      const { product } = await products.calls.updateProduct(
        {
          idempotencyKey: scopedKey(ctx, 'update-product'),
          productId,
          ...changes,
          ...(price === undefined ? {} : { price: moneyFrom(price) }),
          ...(image_url === undefined ? {} : { imageUrl: image_url ?? '' }),
          ...parcelFrom({ weight_grams, dimensions_mm }),
        },
        LIMITS,
      );
      ctx.body = productJson(present(product, 'a product'));
    },
};

const stockChange = z.strictObject({
  delta: z
    .int('must be a whole number')
    .min(-STOCK_MAX, `must be at least -${STOCK_MAX}`)
    .max(STOCK_MAX, `must be at most ${STOCK_MAX}`)
    .refine((delta) => delta !== 0, 'must not be 0')
    .meta({ not: { const: 0 } }),
  reason: text({ min: 1, max: 200 }),
});

export const adjustStock: Route<AdministerDeps> = {
  operation: {
    id: 'adjustStock',
    method: 'POST',
    path: '/v1/products/:id/stock',
    tag: 'products',
    summary: 'Add to or take from the stock of a product',
    access: ['admin'],
    headers: KEY,
    body: stockChange,
    answers: { 200: { description: 'The changed product.', schema: productSchema } },
    problems: ['insufficient_stock', 'idempotency_key_reused'],
  },
  handler: ({ clients: { products } }) =>
    async function adjustStockHandler(ctx) {
      const productId = pathId(ctx);
      const { delta, reason } = await readBody(ctx, stockChange);
      const { product } = await products.calls.adjustStock(
        { idempotencyKey: scopedKey(ctx, 'adjust-stock'), productId, delta, reason },
        LIMITS,
      );
      ctx.body = productJson(present(product, 'a product'));
    },
};

type ParcelInput = {
  readonly weight_grams?: number | null | undefined;
  readonly dimensions_mm?: { readonly length: number; readonly width: number; readonly height: number } | null | undefined;
};

/** Zeros remove what is null. */
function parcelFrom({ weight_grams: weight, dimensions_mm: size }: ParcelInput): {
  weightGrams?: number;
  dimensions?: Dimensions;
} {
  const { length: lengthMm, width: widthMm, height: heightMm } = size ?? { length: 0, width: 0, height: 0 };
  return {
    ...(weight === undefined ? {} : { weightGrams: weight ?? 0 }),
    ...(size === undefined ? {} : { dimensions: { lengthMm, widthMm, heightMm } }),
  };
}
