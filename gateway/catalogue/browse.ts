import { createHash } from 'node:crypto';
import * as z from 'zod';
import { entityId, text } from '../../platform/rpc/fields.ts';
import type { Product } from '../../proto/gen/shopfast/products/v1/products.ts';
import type { Clients } from '../clients.ts';
import { answerTagged } from '../http/etag.ts';
import { pathId, readBody, readQuery } from '../http/input.ts';
import { cursorJson, present, totalCountJson } from '../http/json.ts';
import type { Route } from '../http/route.ts';
import { countedPage, id, pageInput, totalCountInput } from '../http/schemas.ts';
import { productJson, productSchema } from './product-json.ts';

type BrowseDeps = { readonly clients: Pick<Clients, 'products'> };

const LIMITS = { deadlineMs: 3_000 };

const IF_NONE_MATCH = { 'If-None-Match': { description: 'ETags of the states that the caller has, or `*`.' } };
const ETAG = { ETag: 'A weak tag of this state.', 'Cache-Control': 'May be kept; revalidate before each use.' };

const search = z.strictObject({
  q: text({ min: 0, max: 200 }).default('').describe('Words of the name, the description or the SKU.'),
  category: text({ min: 0, max: 100 }).default(''),
  ...pageInput,
  ...totalCountInput,
});

export const searchProducts: Route<BrowseDeps> = {
  operation: {
    id: 'searchProducts',
    method: 'GET',
    path: '/v1/products',
    tag: 'products',
    summary: 'Browse and search the catalogue',
    access: 'anyone',
    query: search,
    headers: IF_NONE_MATCH,
    answers: {
      200: { description: 'A page of products.', schema: countedPage(productSchema), headers: ETAG },
      304: { description: 'The caller has this state.' },
    },
  },
  handler: ({ clients: { products } }) =>
    async function searchProductsHandler(ctx) {
      const { q, category, limit, cursor, total_count: includeTotalCount } = readQuery(ctx, search);
      const asked = { query: q, category, pageSize: limit, cursor, includeTotalCount };
      const { products: items, nextCursor, totalCount } = await products.calls.searchProducts(asked, LIMITS);
      const body = { items: items.map(productJson), next_cursor: cursorJson(nextCursor), ...totalCountJson(totalCount) };
      answerTagged(ctx, pageTag(items, nextCursor, totalCount), body);
    },
};

export const readProduct: Route<BrowseDeps> = {
  operation: {
    id: 'readProduct',
    method: 'GET',
    path: '/v1/products/:id',
    tag: 'products',
    summary: 'Read a product',
    access: 'anyone',
    headers: IF_NONE_MATCH,
    answers: {
      200: { description: 'The product.', schema: productSchema, headers: ETAG },
      304: { description: 'The caller has this state.' },
    },
  },
  handler: ({ clients: { products } }) =>
    async function readProductHandler(ctx) {
      const found = await products.calls.getProduct({ productId: pathId(ctx) }, LIMITS);
      const product = present(found.product, 'a product');
      answerTagged(ctx, String(product.version), productJson(product));
    },
};

const batch = z.strictObject({
  product_ids: z.array(entityId).min(1, 'must have at least 1 id').max(100, 'must have at most 100 ids'),
});

export const readProducts: Route<BrowseDeps> = {
  operation: {
    id: 'readProducts',
    method: 'POST',
    path: '/v1/products/batch',
    tag: 'products',
    summary: 'Read up to 100 products in one call',
    access: 'anyone',
    body: batch,
    answers: {
      200: {
        description: 'The existing ones, in the requested order.',
        schema: z.strictObject({
          items: z.array(productSchema),
          not_found: z.array(id).describe('Requested ids that no product has.'),
        }),
      },
    },
  },
  handler: ({ clients: { products } }) =>
    async function readProductsHandler(ctx) {
      const { product_ids } = await readBody(ctx, batch);
      const productIds = [...new Set(product_ids)];
      const found = await products.calls.getProducts({ productIds }, LIMITS);
      const known = new Set(found.products.map((product) => product.id));
      ctx.body = { items: found.products.map(productJson), not_found: productIds.filter((asked) => !known.has(asked)) };
    },
};

/** Changes with the products of the page, their versions, whether a page follows, and how many there are. */
function pageTag(items: readonly Product[], nextCursor: string, totalCount: number | undefined): string {
  const state = JSON.stringify([items.map((product) => [product.id, product.version]), nextCursor, totalCount]);
  return createHash('sha256').update(state).digest('base64url').slice(0, 22);
}
