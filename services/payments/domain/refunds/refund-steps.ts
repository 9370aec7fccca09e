/** The steps of a refund: which one is next, and how the outcome of each is recorded. Invariants in refund-payment.ts. */
import type { Transaction } from '../../../../platform/persistence/database.ts';
import { databaseNow } from '../../../../platform/persistence/database-time.ts';
import { currencyDiffers, type PaymentError, paymentNotFound, refundExceedsCapture } from '../errors.ts';
import type { LeasedOperation } from '../leased-operation.ts';
import { lockPayment } from '../lock-payment.ts';
import type { Payment } from '../payment.ts';
import type { Charge } from '../provider.ts';
import { Refund } from './refund.ts';

export type Refunded = { readonly refundedMinor: number };

export type RefundJob = {
  readonly operation: LeasedOperation<Refunded>;
  readonly orderId: string;
  /** Absent: all that is left. */
  readonly amount?: { readonly amountMinor: number; readonly currency: string } | undefined;
  /** The key of the charge that this undoes; absent for a refund that is no undo. */
  readonly undoesKey?: string | undefined;
  readonly reason: string;
};

/** One refund as the provider is asked for it. */
export type RefundOrder = { readonly key: string; readonly chargeId: string; readonly amountMinor: number };

export type Step =
  // Forbid the charge at the provider, or learn that it was faster.
  | { readonly kind: 'cancel'; readonly chargeKey: string }
  // Learn whether the charge happened.
  | { readonly kind: 'find'; readonly chargeKey: string }
  | { readonly kind: 'refund'; readonly refund: RefundOrder }
  | { readonly kind: 'done'; readonly refunded: Refunded }
  | { readonly kind: 'refused'; readonly refusal: PaymentError };

/** The payment that this job is about, locked: an undo names one charge, a plain refund the order. */
export function lockOwn({ em }: Transaction, { undoesKey, orderId }: RefundJob): Promise<Payment | null> {
  return lockPayment(em, undoesKey === undefined ? { orderId } : { chargeKey: undoesKey });
}

/** `isForbidden`: the provider has forbidden the charge's key, so nothing can be charged under it any more. */
type Standing = { readonly payment: Payment | null; readonly isForbidden: boolean };

/** Decides by the payment, which the caller has locked. `done` and `refused` are stored as the answer of the call. */
export async function nextStep(transaction: Transaction, job: RefundJob, { payment, isForbidden }: Standing): Promise<Step> {
  const { em } = transaction;
  // Read under the payment's lock: another call that drives our refund has settled it by now, or not begun to.
  const own = await em.findOne(Refund, { key: job.operation.key });
  if (own?.isCompleted()) return finish(transaction, job, own.amountMinor);
  if (!payment) {
    if (job.undoesKey === undefined) return refuse(transaction, job, paymentNotFound());
    return isForbidden ? finish(transaction, job, 0) : { kind: 'cancel', chargeKey: job.undoesKey };
  }
  if (payment.isUnsettled()) return { kind: job.undoesKey === undefined ? 'find' : 'cancel', chargeKey: payment.chargeKey };
  if (payment.status !== 'REFUNDING') return startRefund(transaction, job, payment);
  // Our own, or one that was left behind (RF3): under its own key it goes back once, whichever call asks.
  return asked(payment, await em.findOneOrFail(Refund, { payment: payment.id, status: 'PENDING' }));
}

/** Stores the refund (RF2), unless there is nothing to give back. */
async function startRefund(transaction: Transaction, job: RefundJob, payment: Payment): Promise<Step> {
  const { operation, amount, reason } = job;
  const keptMinor = payment.keptMinor();
  if (amount && amount.currency !== payment.currency) throw currencyDiffers(payment.currency);
  const amountMinor = amount?.amountMinor ?? keptMinor;
  if (amountMinor > keptMinor) {
    return refuse(transaction, job, refundExceedsCapture({ requestedMinor: amountMinor, keptMinor }));
  }
  if (amountMinor === 0) return finish(transaction, job, 0);
  return asked(payment, payment.startRefund({ key: operation.key, amountMinor, reason }, await databaseNow(transaction.em)));
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
  if (payment && !refund.isCompleted()) payment.completeRefund(refund, providerReference, await databaseNow(em));
}

function asked(payment: Payment, { key, amountMinor }: Refund): Step {
  return { kind: 'refund', refund: { key, amountMinor, chargeId: payment.chargeId() } };
}

async function finish(transaction: Transaction, { operation }: RefundJob, refundedMinor: number): Promise<Step> {
  const refunded = { refundedMinor };
  await operation.complete(transaction, refunded);
  return { kind: 'done', refunded };
}

async function refuse(transaction: Transaction, { operation }: RefundJob, refusal: PaymentError): Promise<Step> {
  await operation.refuse(transaction, refusal);
  return { kind: 'refused', refusal };
}
