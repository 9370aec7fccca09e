import * as z from 'zod';
import { entityId, text } from '../../platform/rpc/fields.ts';
import { moneySchema, pageFields } from '../wire.ts';
import type { Operation } from './operation.ts';
import { id, money, page, time } from './shapes.ts';

// What a 32-bit stock counter holds with room for every reservation.
const STOCK_MAX = 1_000_000_000;

const fields = {
  name: text({ min: 1, max: 200 }),
  description: text({ min: 0, max: 5_000, lines: true }),
  category: text({ min: 0, max: 100 }),
  price: moneySchema,
};

const product = z
  .strictObject({
    id,
    sku: z.string(),
    name: z.string(),
    description: z.string(),
    category: z.string(),
    price: money,
    stock_quantity: z.int(),
    reserved_quantity: z.int(),
    available_quantity: z.int().describe('What can be ordered.'),
    active: z.boolean().describe('False: not for sale.'),
    version: z.int().describe('Grows with every change.'),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Product' });

const IF_NONE_MATCH = { 'If-None-Match': { description: 'ETags of what the caller has, or `*`.' } };
const KEY = { 'Idempotency-Key': { description: 'The same in every retry.' } };
const ETAG = { ETag: 'A weak tag of this state.', 'Cache-Control': 'May be kept, and is to be asked for again before each use.' };

export const searchProducts = {
  id: 'searchProducts',
  method: 'GET',
  path: '/v1/products',
  tag: 'products',
  summary: 'Browse and search the catalogue',
  access: 'anyone',
  query: z.strictObject({
    q: text({ min: 0, max: 200 }).default('').describe('Words of the name, the description or the SKU.'),
    category: text({ min: 0, max: 100 }).default(''),
    ...pageFields,
  }),
  headers: IF_NONE_MATCH,
  answers: {
    200: { description: 'A page of products.', schema: page(product), headers: ETAG },
    304: { description: 'As the caller has it.' },
  },
} as const satisfies Operation;

export const readProduct = {
  id: 'readProduct',
  method: 'GET',
  path: '/v1/products/:id',
  tag: 'products',
  summary: 'Read a product',
  access: 'anyone',
  headers: IF_NONE_MATCH,
  answers: {
    200: { description: 'The product.', schema: product, headers: ETAG },
    304: { description: 'As the caller has it.' },
  },
} as const satisfies Operation;

export const readProducts = {
  id: 'readProducts',
  method: 'POST',
  path: '/v1/products/batch',
  tag: 'products',
  summary: 'Read up to 100 products at once',
  access: 'anyone',
  body: z.strictObject({
    product_ids: z.array(entityId).min(1, 'must have at least 1 id').max(100, 'must have at most 100 ids'),
  }),
  answers: {
    200: {
      description: 'Those that exist, in the order asked for.',
      schema: z.strictObject({
        items: z.array(product),
        not_found: z.array(id).describe('Ids asked for that no product has.'),
      }),
    },
  },
} as const satisfies Operation;

export const createProduct = {
  id: 'createProduct',
  method: 'POST',
  path: '/v1/products',
  tag: 'products',
  summary: 'Add a product',
  access: ['admin'],
  headers: KEY,
  body: z.strictObject({
    sku: text({ min: 1, max: 64 }),
    name: fields.name,
    description: fields.description.default(''),
    category: fields.category.default(''),
    price: fields.price,
    stock_quantity: z.int('must be a whole number').min(0, 'must not be negative').max(STOCK_MAX, `must be at most ${STOCK_MAX}`),
  }),
  answers: { 201: { description: 'Added.', schema: product, headers: { Location: 'Where it is.' } } },
  problems: ['idempotency_key_reused'],
} as const satisfies Operation;

export const updateProduct = {
  id: 'updateProduct',
  method: 'PUT',
  path: '/v1/products/:id',
  tag: 'products',
  summary: 'Change a product',
  description: 'What is absent stays as it is. SKU and stock are not changed here. Orders keep the price that they were made at.',
  access: ['admin'],
  headers: KEY,
  body: z
    .strictObject({
      name: fields.name.optional(),
      description: fields.description.optional(),
      category: fields.category.optional(),
      price: fields.price.optional(),
      active: z.boolean('must be true or false').optional(),
    })
    .refine((changes) => Object.values(changes).some((value) => value !== undefined), 'must change something'),
  answers: { 200: { description: 'The product as it is now.', schema: product } },
  problems: ['idempotency_key_reused'],
} as const satisfies Operation;

export const adjustStock = {
  id: 'adjustStock',
  method: 'POST',
  path: '/v1/products/:id/stock',
  tag: 'products',
  summary: 'Add to or take from the stock of a product',
  access: ['admin'],
  headers: KEY,
  body: z.strictObject({
    delta: z
      .int('must be a whole number')
      .min(-STOCK_MAX, `must be at least -${STOCK_MAX}`)
      .max(STOCK_MAX, `must be at most ${STOCK_MAX}`)
      .refine((delta) => delta !== 0, 'must not be 0'),
    reason: text({ min: 1, max: 200 }),
  }),
  answers: { 200: { description: 'The product as it is now.', schema: product } },
  problems: ['insufficient_stock', 'idempotency_key_reused'],
} as const satisfies Operation;
