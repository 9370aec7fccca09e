import * as z from 'zod';
import { isCurrency } from '../money/currencies.ts';
import { looksLikeCardNumber } from '../text/card-number.ts';
import { isCountry } from '../text/countries.ts';
import { hasInvisible, isVisible } from '../text/normal.ts';

// One validator per field: the gateway and every service refuse the same values.

/** Any UUID, in lower case: two spellings of one id are one id. */
export const entityId = z.guid('must be a UUID').toLowerCase();

/** Visible ASCII without spaces, at most 255 characters. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/** ISO 4217. */
export const currencyCode = z.string().refine(isCurrency, 'must be an ISO 4217 currency');

/** ISO 3166-1 alpha-2. */
export const countryCode = z.string().refine(isCountry, 'must be an ISO 3166-1 alpha-2 country');

/** The provider's opaque token. A card number must never be stored, so one is refused. */
export const paymentMethodToken = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
  .refine((token) => !looksLikeCardNumber(token), "must be the payment provider's token, not a card number");

// No control characters.
const PATTERN = '^[^\\u0000-\\u001f\\u007f-\\u009f]*$';
const WITH_LINES_PATTERN = '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f\\u007f-\\u009f]*$';

/**
 * Text without invisible characters (PostgreSQL refuses NUL), trimmed, in one spelling (NFC). Text that is not empty shows at least
 * one letter, digit or sign. Length in UTF-16 units. `lines` allows line breaks and tabs.
 */
export function text({ min, max, lines = false }: { readonly min: number; readonly max: number; readonly lines?: boolean }) {
  const message = `must have ${min} to ${max} visible characters`;
  return (
    z
      .string()
      .trim()
      .normalize('NFC')
      .min(min, message)
      .max(max, message)
      .refine((given) => !hasInvisible(lines ? given.replace(/[\n\r\t]/g, ' ') : given), message)
      .refine((given) => given === '' || isVisible(given), message)
      // For the API document: a part of the rule, in a form that every JSON Schema library reads.
      .meta({ pattern: lines ? WITH_LINES_PATTERN : PATTERN })
  );
}

// Characters of a line of an address, and of a postal code.
const ADDRESS_LINE_MAX = 200;
const POSTAL_CODE_MAX = 20;

const addressLine = text({ min: 1, max: ADDRESS_LINE_MAX });
const optionalAddressLine = text({ min: 0, max: ADDRESS_LINE_MAX });

/** A postal address, as messages carry it; empty: absent. */
export const postalAddress = z.object({
  line1: addressLine,
  line2: optionalAddressLine,
  city: addressLine,
  region: optionalAddressLine,
  postalCode: text({ min: 1, max: POSTAL_CODE_MAX }),
  country: countryCode,
});
