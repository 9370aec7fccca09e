import * as z from 'zod';

export const paymentMethodInput = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, "must be the payment provider's token")
  .describe("The payment provider's opaque token.");
