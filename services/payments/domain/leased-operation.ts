import type { Transaction } from '../../../platform/persistence/database.ts';
import type { PaymentError } from './errors.ts';

/**
 * One call that spans several transactions, under its idempotency key. A lease says who works on it, and only the owner of the
 * lease settles it: `renew`, `complete` and `refuse` fail with ABORTED when another owner has taken over, and the caller's transaction
 * rolls back. A call that ends without being settled gives its lease back, and the next attempt continues.
 */
export type LeasedOperation<Result> = {
  readonly key: string;
  /** Takes the lease, or finds the stored result. Throws the stored refusal. */
  claim(transaction: Transaction): Promise<{ readonly state: 'mine' } | { readonly state: 'completed'; readonly result: Result }>;
  /**
   * Runs work that does not end with the call: the provider is asked and its answer is recorded although the caller has given up,
   * and the caller's next attempt finds the outcome.
   */
  outliveCall<T>(work: () => Promise<T>): Promise<T>;
  /** Extends the lease from now. */
  renew(transaction: Transaction): Promise<void>;
  complete(transaction: Transaction, result: Result): Promise<void>;
  /** Stores the refusal, for the same call to be refused in the same words for ever; the caller throws it after the commit. */
  refuse(transaction: Transaction, refusal: PaymentError): Promise<void>;
  /**
   * Takes the lease of a refund's operation as well, from now until this one ends: `complete` then also answers the refund as settled,
   * with nothing given back. Does nothing to a refund that is answered already. Throws ABORTED while a refund under the key is at work.
   */
  seizeRefund(transaction: Transaction, refundKey: string): Promise<void>;
  /** Refuses every charge under the key from now on. Throws ABORTED while a charge under it is at work. */
  forbidCharge(transaction: Transaction, chargeKey: string): Promise<void>;
};
