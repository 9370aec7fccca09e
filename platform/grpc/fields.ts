import * as z from 'zod';

/** Any UUID, in lower case: two spellings of one id are one id. */
export const entityId = z.guid('must be a UUID').toLowerCase();

/** Visible ASCII without spaces, at most 255 characters. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/** Text without control characters (PostgreSQL refuses NUL), trimmed, in one spelling (NFC). Length in UTF-16 units. */
export function text(bounds: { min: number; max: number }) {
  const message = `must have ${bounds.min} to ${bounds.max} characters, none of them a control character`;
  return z
    .string()
    .trim()
    .normalize('NFC')
    .min(bounds.min, message)
    .max(bounds.max, message)
    .regex(/^\P{Cc}*$/u, message);
}
