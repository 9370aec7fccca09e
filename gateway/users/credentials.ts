import * as z from 'zod';

// bcrypt reads no further.
const PASSWORD_BYTES_MAX = 72;
export const PASSWORD_BYTES_MIN = 8;
// Of one character in UTF-8: JSON Schema counts characters.
const CHARACTER_BYTES_MAX = 4;

export const emailInput = z.email('must be an e-mail address').max(254, 'must have at most 254 characters');

/** Bounded in bytes, which bcrypt counts. */
export function passwordInput(minBytes: number) {
  const message = `must have ${minBytes} to ${PASSWORD_BYTES_MAX} bytes of UTF-8`;
  const fits = (password: string) => {
    const bytes = Buffer.byteLength(password);
    return bytes >= minBytes && bytes <= PASSWORD_BYTES_MAX;
  };
  return z
    .string()
    .refine(fits, message)
    .meta({
      format: 'password',
      minLength: Math.ceil(minBytes / CHARACTER_BYTES_MAX),
      maxLength: PASSWORD_BYTES_MAX,
      description: message,
    });
}
