import { paymentMethodToken } from '../../platform/rpc/fields.ts';

export const paymentMethodInput = paymentMethodToken.describe("The payment provider's opaque token, never a card number.");
