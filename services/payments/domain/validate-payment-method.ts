import type { Dependencies } from './dependencies.ts';
import { paymentRefused } from './errors.ts';

/** Whether the provider knows the token; charges nothing. Throws ProviderUnavailable when the provider does not answer. */
export async function validatePaymentMethod(
  { provider, logger }: Pick<Dependencies, 'provider' | 'logger'>,
  token: string,
): Promise<{ valid: boolean; reason: string }> {
  try {
    const valid = await provider.knowsToken(token);
    return { valid, reason: valid ? '' : paymentRefused('invalid_token').reason };
  } catch (error: unknown) {
    logger.warn({ error }, 'A payment method was not validated');
    throw error;
  }
}
