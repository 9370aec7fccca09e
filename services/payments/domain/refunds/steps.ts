/** The steps of a refund or its settlement, and how the outcome of each is recorded. Invariants in refund-payment.ts. */
import type { Transaction } from '../../../../platform/persistence/database.ts';
import { databaseNow } from '../../../../platform/persistence/database-time.ts';
import type { Logger } from '../../../../platform/telemetry/logs.ts';
import type { PaymentError } from '../errors.ts';
import type { LeasedOperation } from '../leased-operation.ts';
import type { Payment } from '../payment.ts';
import type { Charge, RefundRefusalCode } from '../provider.ts';
import { recordNews } from '../provider-events/provider-news.ts';
import { Refund } from './refund.ts';

/** One refund as the provider is asked for it. */
export type RefundOrder = { readonly key: string; readonly chargeId: string; readonly amountMinor: number };

export type Step<Result> =
  // Forbid the charge at the provider, or learn that it was faster.
  | { readonly kind: 'cancel'; readonly chargeKey: string }
  // Learn whether the charge happened.
  | { readonly kind: 'find'; readonly chargeKey: string }
  | { readonly kind: 'refund'; readonly refund: RefundOrder }
  // Forbid the refund at the provider, if there is one, and learn what became of the charge.
  | { readonly kind: 'look'; readonly chargeId: string; readonly refundKey: string | undefined }
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'refused'; readonly refusal: PaymentError };

/** The payment as it is, locked, and what the last step has learned. */
export type Standing = {
  readonly payment: Payment | null;
  /** The provider has forbidden the charge's key, so nothing can be charged under it any more. */
  readonly isForbidden?: boolean;
  /** The provider has refused the payment's pending refund. */
  readonly refusal?: RefundRefusalCode;
  /** The provider's charge has been read, and the refund that is settled cannot be paid by the provider any more. */
  readonly isLookedUp?: boolean;
};

/** The key of the operation's next refund: the operation's own, unless refunds of it have failed. */
export async function nextRefundKey({ em }: Transaction, operationKey: string): Promise<string> {
  const failed = await em.count(Refund, { operationKey });
  return failed === 0 ? operationKey : `${operationKey}:${failed + 1}`;
}

export function asked(payment: Payment, { key, amountMinor }: Refund): Extract<Step<never>, { kind: 'refund' }> {
  return { kind: 'refund', refund: { key, amountMinor, chargeId: payment.chargeId() } };
}

/** Ends the call with this answer, now and in every repetition. */
export async function finish<Result>(
  transaction: Transaction,
  operation: LeasedOperation<Result>,
  result: Result,
): Promise<Step<Result>> {
  await operation.complete(transaction, result);
  return { kind: 'done', result };
}

/** The provider has forbidden the key: a charge under it was made before, and none ever will be. */
export async function recordCancelled(transaction: Transaction, payment: Payment | null, charge: Charge | null): Promise<void> {
  if (charge) return recordCharge(transaction, payment, charge);
  if (payment?.isUnsettled()) payment.fail('order_cancelled', await databaseNow(transaction.em));
}

/** The provider did charge: captured, unless that has been recorded by now. */
export async function recordCharge({ em }: Transaction, payment: Payment | null, charge: Charge): Promise<void> {
  if (!payment) throw new Error(`Charge ${charge.id} has no payment here`);
  payment.capture(charge, await databaseNow(em));
}

export async function recordRefund(
  { em }: Transaction,
  payment: Payment | null,
  { key, providerReference }: { readonly key: string; readonly providerReference: string },
): Promise<void> {
  const refund = await em.findOneOrFail(Refund, { key });
  // Another call that drove the same refund may have recorded it.
  if (!payment || refund.status !== 'PENDING') return;
  payment.completeRefund(refund, { paidBy: 'provider', providerReference }, await databaseNow(em));
}

/** The provider has refused the refund: its charge says why. A refund whose key is cancelled there ends here as well. */
export async function recordRefusedRefund(
  transaction: Transaction,
  logger: Logger,
  refused: {
    readonly payment: Payment | null;
    readonly key: string;
    readonly code: RefundRefusalCode;
    readonly charge: Charge | null;
  },
): Promise<void> {
  const { payment, key, code, charge } = refused;
  if (payment && charge) await recordNews(transaction, logger, { payment, charge, deadKey: key });
  const refund = await transaction.em.findOneOrFail(Refund, { key });
  if (!payment || refund.status !== 'PENDING') return;
  refund.refusal = code;
  if (code === 'cancelled') payment.failRefund(refund, await databaseNow(transaction.em));
}
