import { outcomeUnknown, PAYMENT_METHOD_INVALID } from './errors.ts';
import type { Dependencies } from './lease.ts';
import { ProviderUnavailable } from './provider.ts';

/** Whether the provider knows the token; charges nothing. Throws UNAVAILABLE when the provider does not answer. */
export async function validatePaymentMethod(
  { provider, logger }: Dependencies,
  token: string,
): Promise<{ valid: boolean; reason: string }> {
  try {
    const valid = await provider.knowsToken(token);
    return { valid, reason: valid ? '' : PAYMENT_METHOD_INVALID };
  } catch (error: unknown) {
    if (!(error instanceof ProviderUnavailable)) throw error;
    logger.warn({ error }, 'The payment provider did not answer');
    throw outcomeUnknown(error);
  }
}
