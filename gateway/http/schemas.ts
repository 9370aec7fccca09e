/** Zod schemas that several operations share: of requests, and of answers as the API document shows them. */
import * as z from 'zod';
import { REASONS } from '../../contracts/reasons.ts';
import { STEP_NAMES } from '../../contracts/saga-steps.ts';
import { CURRENCY_CODES } from '../../platform/money/currencies.ts';
import { currencyCode, postalAddress } from '../../platform/rpc/fields.ts';
import { COUNTRY_CODES } from '../../platform/text/countries.ts';
import { ROLES } from '../identity/caller.ts';

// The largest amount that a caller may state, in minor units of any currency. Orders refuses a total that is not exact.
const AMOUNT_MAX_MINOR = 1_000_000_000_000;

export const moneyInput = z.strictObject({
  amount_minor: z
    .int('must be a whole number of minor units')
    .min(1, 'must be at least 1')
    .max(AMOUNT_MAX_MINOR, `must be at most ${AMOUNT_MAX_MINOR}`),
  currency: currencyCode.meta({ id: 'CurrencyCode', description: 'ISO 4217.', enum: [...CURRENCY_CODES] }),
});

const { line1, line2, city, region, postalCode, country } = postalAddress.shape;

export const addressInput = z.strictObject({
  line1,
  line2: line2.optional(),
  city,
  region: region.optional(),
  postal_code: postalCode,
  country: country.meta({ id: 'CountryCode', description: 'ISO 3166-1 alpha-2.', enum: [...COUNTRY_CODES] }),
});

/** The number of items on a page. */
export const limit = z
  .string()
  .regex(/^\d{1,3}$/, 'must be a whole number from 1 to 100')
  .transform(Number)
  .pipe(z.number().min(1, 'must be from 1 to 100').max(100, 'must be from 1 to 100'))
  .default(20)
  // In a URL a number is text; the API document shows the number.
  .meta({ type: 'integer', minimum: 1, maximum: 100, default: 20, description: 'A whole number from 1 to 100; 20 when absent.' });

export const cursor = z.string().max(500, 'must be a next_cursor of ours').default('');

/** Query parameters of a list. */
export const pageInput = { limit, cursor: cursor.describe('`next_cursor` of the page before.') };

/** Query parameter of a list that can be counted. */
export const totalCountInput = {
  total_count: z
    .enum(['true', 'false'], 'must be true or false')
    .default('false')
    .transform((asked) => asked === 'true')
    .describe('Whether the answer says how many there are on all pages; counting takes longer.'),
};

export const id = z.guid().describe('A UUID.');
// A Date in code.
export const time = z.iso.datetime().describe('RFC 3339, UTC.');

export const money = z
  .strictObject({ amount_minor: z.int().describe('In minor units, such as cents.'), currency: z.string().describe('ISO 4217.') })
  .meta({ id: 'Money' });

export const address = z
  .strictObject({
    line1: z.string(),
    line2: z.string().optional(),
    city: z.string(),
    region: z.string().optional(),
    postal_code: z.string(),
    country: z.string().describe('ISO 3166-1 alpha-2.'),
  })
  .meta({ id: 'Address' });

export const step = z.enum(STEP_NAMES).meta({ id: 'SagaStep' });

export const reason = z.enum(REASONS).meta({ id: 'Reason', description: 'The stable word that programs compare.' });

export const role = z.enum(ROLES);

export const problem = z
  .strictObject({
    type: z.string().describe('A link to the meaning of the reason.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('This occurrence in words, safe to show.'),
    reason,
    trace_id: z.string().describe('Finds every log line of the request.'),
    instance: z.string().optional().describe('The path; absent when the request could not be read.'),
    errors: z
      .array(z.strictObject({ pointer: z.string().describe('An RFC 6901 JSON pointer.'), detail: z.string() }))
      .optional()
      .describe('The fields that are wrong.'),
    order_id: id.optional().describe('The order that was refused.'),
    step: step.nullable().optional().describe('The step of its saga that refused it.'),
    facts: z.record(z.string(), z.string()).optional(),
    links: z.record(z.string(), z.string()).optional(),
  })
  .meta({ id: 'Problem', description: 'An RFC 9457 problem document.' });

export function page<T extends z.ZodType>(item: T) {
  return z.strictObject({ items: z.array(item), next_cursor: z.string().nullable().describe('null on the last page.') });
}

/** A page of a list that can be counted (totalCountInput). */
export function countedPage<T extends z.ZodType>(item: T) {
  return page(item).extend({ total_count: z.int().optional().describe('Of all pages; absent unless it was asked for.') });
}
