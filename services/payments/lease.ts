import { v7 as uuid } from 'uuid';
import { abandon } from '../../platform/idempotency/record.ts';
import type { Database } from '../../platform/persistence/database.ts';
import type { Logger } from '../../platform/telemetry/logs.ts';
import { outcomeUnknown } from './errors.ts';
import type { FraudCheck } from './fraud-check.ts';
import { type PaymentProvider, ProviderUnavailable } from './provider.ts';

// Milliseconds above the provider's deadline: the two short transactions around the call.
const MARGIN_MS = 2_000;

export type Dependencies = {
  readonly database: Database;
  readonly provider: PaymentProvider;
  readonly fraud: FraudCheck;
  readonly logger: Logger;
};

export type Lease = { readonly owner: string; readonly durationMs: number };

/**
 * A lease outlives one call to the provider, and what else is waited for besides, so that nobody takes over an owner who is
 * only waiting.
 */
export function newLease(provider: PaymentProvider, besidesMs = 0): Lease {
  return { owner: uuid(), durationMs: provider.deadlineMs + besidesMs + MARGIN_MS };
}

/**
 * Runs what needs the lease. When it fails the lease goes back at once, so that the caller's next attempt finds out what
 * happened without waiting; a settled record stays as it is.
 */
export async function underLease<T>(
  { database, logger }: Dependencies,
  { key, lease }: { readonly key: string; readonly lease: Lease },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error: unknown) {
    try {
      await abandon(database.sql, key, lease.owner);
    } catch (abandonError: unknown) {
      logger.warn({ error: abandonError }, 'A lease could not be given back; it expires by itself');
    }
    if (!(error instanceof ProviderUnavailable)) throw error;
    logger.warn({ error }, 'The payment provider did not answer');
    throw outcomeUnknown(error);
  }
}
