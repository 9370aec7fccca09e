import * as z from 'zod';
import { currencyCode, entityId, idempotencyKey, text } from '../../../platform/rpc/fields.ts';
import { STOCK_MAX } from '../domain/product.ts';

const BATCH_MAX = 100;
const PAGE_MAX = 100;
const PAGE_STANDARD = 20;
const LINES_MAX = 100;
const QUANTITY_MAX = 100_000;
// Minor units of any currency: more than a price is in any of them. Orders refuses totals that are not exact.
const PRICE_MAX_MINOR = 1_000_000_000_000;
const IMAGE_URL_MAX = 2_000;
// 100 t, and 100 m.
const WEIGHT_MAX_GRAMS = 100_000_000;
const LENGTH_MAX_MM = 100_000;

const EFFECTS_PAGE_MAX = 1_000;
const EFFECTS_PAGE_STANDARD = 100;

const TIME_RANGE = 'must be between the years 1970 and 9999';

const whole = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.int(message).min(min, message).max(max, message);
};

export const getProduct = z.object({ productId: entityId });

export const getProducts = z.object({ productIds: z.array(entityId).max(BATCH_MAX, `must be at most ${BATCH_MAX} ids`) });

export const searchProducts = z.object({
  query: text({ min: 0, max: 200 }),
  category: text({ min: 0, max: 100 }),
  pageSize: whole(0, PAGE_MAX).transform((size) => size || PAGE_STANDARD),
  cursor: z.string().max(200, 'must have at most 200 characters'),
  includeTotalCount: z.boolean(),
});

const imageUrl = z.union(
  [z.literal(''), z.url({ protocol: /^https$/ }).max(IMAGE_URL_MAX)],
  `must be an https URL of at most ${IMAGE_URL_MAX} characters`,
);
const weightGrams = whole(0, WEIGHT_MAX_GRAMS).transform((grams) => grams || null);
const length = whole(0, LENGTH_MAX_MM);
const dimensions = z
  .object({ lengthMm: length, widthMm: length, heightMm: length })
  .refine(({ lengthMm, widthMm, heightMm }) => !lengthMm === !widthMm && !widthMm === !heightMm, 'must be all positive, or all 0')
  .transform((given) => (given.lengthMm === 0 ? null : given));

/** What a product's owner describes it by. */
const description = {
  name: text({ min: 1, max: 200 }),
  description: text({ min: 0, max: 5_000, lines: true }),
  category: text({ min: 0, max: 100 }),
  price: z.object(
    {
      amountMinor: whole(1, PRICE_MAX_MINOR),
      currency: currencyCode,
    },
    'must be given',
  ),
};

export const createProduct = z.object({
  idempotencyKey,
  sku: text({ min: 1, max: 64 }),
  ...description,
  stockQuantity: whole(0, STOCK_MAX),
  imageUrl,
  weightGrams: weightGrams.default(null),
  dimensions: dimensions.default(null),
});

export const updateProduct = z.object({
  idempotencyKey,
  productId: entityId,
  ...z.object(description).partial().shape,
  active: z.boolean().optional(),
  imageUrl: imageUrl.optional(),
  weightGrams: weightGrams.optional(),
  dimensions: dimensions.optional(),
});

export const adjustStock = z.object({
  idempotencyKey,
  productId: entityId,
  delta: whole(-STOCK_MAX, STOCK_MAX).refine((delta) => delta !== 0, 'must not be 0'),
  reason: text({ min: 1, max: 200 }),
});

const line = z.object({ productId: entityId, quantity: whole(1, QUANTITY_MAX) });

type Line = z.infer<typeof line>;

/** One line per product, however they were given. */
const mergedLines = z
  .array(line)
  .min(1, 'must have at least 1 line')
  .max(LINES_MAX, `must have at most ${LINES_MAX} lines`)
  .transform(merge)
  .refine(
    (merged) => merged.every(({ quantity }) => quantity <= QUANTITY_MAX),
    `must ask for at most ${QUANTITY_MAX} of one product, all its lines together`,
  );

export const reserveInventory = z.object({
  idempotencyKey,
  orderId: entityId,
  lines: mergedLines,
  pricesAsOf: z.date('must be given'),
});

export const restockReturn = z.object({ idempotencyKey, orderId: entityId, returnId: entityId, lines: mergedLines });

/** One line per product, in the order of first mention. */
function merge(lines: readonly Line[]): readonly Line[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of lines) quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  return [...quantities].map(([productId, quantity]) => ({ productId, quantity }));
}

export const releaseInventory = z
  .object({ idempotencyKey, orderId: entityId, undoesKey: idempotencyKey })
  .refine((request) => request.undoesKey !== request.idempotencyKey, {
    path: ['undoesKey'],
    message: "must be the reserve's key, not the release's own",
  });

export const checkAvailability = z.object({
  lines: z.array(line).max(LINES_MAX, `must have at most ${LINES_MAX} lines`),
});

/** To confirm and to commit: an order has one reservation. */
export const reservationOf = z.object({ idempotencyKey, orderId: entityId });

export const listEffects = z.object({
  page: z
    .object({
      since: z.date().min(new Date(0), TIME_RANGE).max(new Date('9999-12-31'), TIME_RANGE).default(new Date(0)),
      pageSize: whole(0, EFFECTS_PAGE_MAX),
      cursor: z.string().max(200, 'must have at most 200 characters'),
    })
    .prefault({ pageSize: 0, cursor: '' })
    .transform(({ since, pageSize, cursor }) => ({
      sinceMicros: since.getTime() * 1_000,
      size: pageSize || EFFECTS_PAGE_STANDARD,
      cursor,
    })),
});
