import * as z from 'zod';

/** Any UUID, in lower case: two spellings of one id are one id. */
export const entityId = z.guid('must be a UUID').toLowerCase();

/** Visible ASCII without spaces, at most 255 characters. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/**
 * Text without control characters (PostgreSQL refuses NUL), trimmed, in one spelling (NFC). Length in UTF-16 units.
 * `lines` allows line breaks and tabs.
 */
export function text({ min, max, lines = false }: { readonly min: number; readonly max: number; readonly lines?: boolean }) {
  const message = `must have ${min} to ${max} characters, none of them a control character`;
  return z
    .string()
    .trim()
    .normalize('NFC')
    .min(min, message)
    .max(max, message)
    .regex(lines ? /^[\P{Cc}\n\r\t]*$/u : /^\P{Cc}*$/u, message);
}
