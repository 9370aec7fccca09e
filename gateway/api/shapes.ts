/** What several answers have in common, as programs see it. */
import * as z from 'zod';
import { REASONS } from '../../contracts/reasons.ts';
import { STEP_NAMES } from '../../contracts/saga-steps.ts';
import { ROLES } from '../context.ts';

export const id = z.guid().describe('A UUID.');
// In code a Date, on the wire RFC 3339 UTC.
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

/** A part of a composed answer that could not be had. */
export const unavailablePart = z
  .strictObject({ unavailable: z.literal(true), reason })
  .meta({ id: 'UnavailablePart', description: 'This part could not be had now; the rest is whole.' });

export const problem = z
  .strictObject({
    type: z.string().describe('A link to what the reason means.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What happened this time, safe to show.'),
    reason,
    trace_id: z.string().describe('Finds every log line of the request.'),
    instance: z.string(),
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
