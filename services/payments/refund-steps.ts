/** The steps of a refund: which one is next, and how the outcome of each is recorded. Invariants in refunds.ts. */

import { complete, refuse } from '../../platform/idempotency/record.ts';
import type { Transaction } from '../../platform/persistence/database.ts';
import type { StatusError } from '../../platform/rpc/status-error.ts';
import { RefundPaymentResponse } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { type Payment, stepsToCapture } from './entity.ts';
import { currencyDiffers, keyOfAnotherOrder, paymentNotFound, refundExceedsCapture } from './errors.ts';
import type { Lease } from './lease.ts';
import { assertCharged, type Charge } from './provider.ts';
import { completeRefund, findPayment, findRefund, lockPayment, move, pendingRefund, storeRefund } from './repository.ts';

export type RefundJob = {
  readonly key: string;
  readonly requestHash: Buffer;
  readonly orderId: string;
  /** Absent: all that is left. */
  readonly amount?: { readonly amountMinor: number; readonly currency: string } | undefined;
  /** The key of the charge that this undoes; absent for a refund that is no undo. */
  readonly undoesKey?: string | undefined;
  readonly reason: string;
  readonly lease: Lease;
};

/** One refund as the provider is asked for it. */
export type RefundOrder = {
  readonly key: string;
  readonly paymentId: string;
  readonly chargeId: string;
  readonly amountMinor: number;
};

export type Step =
  // Forbid the charge at the provider, or learn that it was faster.
  | { readonly kind: 'cancel'; readonly chargeKey: string }
  // Learn whether the charge happened.
  | { readonly kind: 'find'; readonly chargeKey: string }
  | { readonly kind: 'refund'; readonly refund: RefundOrder }
  | { readonly kind: 'done'; readonly refundedMinor: number }
  | { readonly kind: 'refused'; readonly refusal: StatusError };

/** Throws INVALID_ARGUMENT when the key that would be undone belongs to another order's payment. */
export async function assertOwnCharge(transaction: Transaction, { orderId }: RefundJob, chargeKey: string): Promise<void> {
  const payment = await findPayment(transaction, { chargeKey });
  if (payment && payment.orderId !== orderId) throw keyOfAnotherOrder();
}

/** What is to be done now, from the payment as it stands; `done` and `refused` are stored as the answer of the call. */
export async function nextStep(transaction: Transaction, job: RefundJob): Promise<Step> {
  // The lock first: whoever else drives our refund has then settled it or not begun to.
  const payment = await lockOwn(transaction, job);
  const own = await findRefund(transaction, job.key);
  if (own?.status === 'COMPLETED') return finish(transaction, job, own.amountMinor);
  if (!payment) {
    return job.undoesKey === undefined
      ? refuseJob(transaction, job, paymentNotFound())
      : { kind: 'cancel', chargeKey: job.undoesKey };
  }
  if (payment.isUnsettled()) return { kind: job.undoesKey === undefined ? 'find' : 'cancel', chargeKey: payment.chargeKey };
  if (payment.status !== 'REFUNDING') return startRefund(transaction, job, payment);
  // Our own, or one that somebody left behind (RF3): under its own key it goes back once, whoever asks.
  const { key, amountMinor } = await pendingRefund(transaction, payment);
  return { kind: 'refund', refund: { key, amountMinor, paymentId: payment.id, chargeId: chargeOf(payment) } };
}

/** Writes down what goes back (RF2), unless nothing does. */
async function startRefund(transaction: Transaction, job: RefundJob, payment: Payment): Promise<Step> {
  const { sql } = transaction;
  const keptMinor = payment.keptMinor();
  if (job.amount && job.amount.currency !== payment.currency) throw currencyDiffers(payment.currency);
  const amountMinor = job.amount?.amountMinor ?? keptMinor;
  if (amountMinor > keptMinor) {
    return refuseJob(transaction, job, refundExceedsCapture({ requestedMinor: amountMinor, keptMinor }));
  }
  if (amountMinor === 0) return finish(transaction, job, 0);
  await must(move(sql, { id: payment.id, from: payment.status, steps: ['REFUNDING'], reason: job.reason }));
  await storeRefund(sql, { key: job.key, paymentId: payment.id, amountMinor, reason: job.reason });
  return { kind: 'refund', refund: { key: job.key, amountMinor, paymentId: payment.id, chargeId: chargeOf(payment) } };
}

/** The provider has forbidden the key: what stands under it was charged before, and nothing ever will be. */
export async function recordCancelled(transaction: Transaction, job: RefundJob, charge: Charge | null): Promise<Step> {
  if (charge) return recordCharge(transaction, job, charge);
  const payment = await lockOwn(transaction, job);
  if (!payment) return finish(transaction, job, 0);
  if (payment.isUnsettled()) {
    await must(move(transaction.sql, { id: payment.id, from: payment.status, steps: ['FAILED'], reason: 'order_cancelled' }));
  }
  return nextStep(transaction, job);
}

/** The provider did charge: captured, unless that has been recorded by now. */
export async function recordCharge(transaction: Transaction, job: RefundJob, charge: Charge): Promise<Step> {
  const payment = await lockOwn(transaction, job);
  if (!payment) throw new Error(`Charge ${charge.id} has no payment here`);
  assertCharged(charge, payment);
  if (payment.isUnsettled()) {
    const steps = stepsToCapture(payment.status);
    await must(
      move(transaction.sql, { id: payment.id, from: payment.status, steps, capture: true, providerReference: charge.id }),
    );
  }
  return nextStep(transaction, job);
}

export async function recordRefund(
  transaction: Transaction,
  job: RefundJob,
  refund: RefundOrder & { readonly providerReference: string },
): Promise<Step> {
  const { sql } = transaction;
  const payment = await lockOwn(transaction, job);
  // Settled by whoever drove it as well, when the reference is already there.
  if (payment && (await completeRefund(sql, refund.key, refund.providerReference))) {
    const status = refund.amountMinor === payment.keptMinor() ? 'REFUNDED' : 'COMPLETED';
    await must(move(sql, { id: payment.id, from: 'REFUNDING', steps: [status], refundedMinor: refund.amountMinor }));
  }
  return nextStep(transaction, job);
}

/** The payment that this job is about, locked: an undo means one charge, a plain refund the order's. */
function lockOwn(transaction: Transaction, { undoesKey, orderId }: RefundJob): Promise<Payment | null> {
  return lockPayment(transaction, undoesKey === undefined ? { orderId } : { chargeKey: undoesKey });
}

async function finish({ sql }: Transaction, { key, lease }: RefundJob, refundedMinor: number): Promise<Step> {
  await complete(sql, key, RefundPaymentResponse.encode({ refundedMinor }).finish(), lease.owner);
  return { kind: 'done', refundedMinor };
}

async function refuseJob({ sql }: Transaction, { key, lease }: RefundJob, refusal: StatusError): Promise<Step> {
  await refuse(sql, key, refusal, lease.owner);
  return { kind: 'refused', refusal };
}

/** A move of a row that this transaction holds locked always applies. */
async function must(moved: Promise<boolean>): Promise<void> {
  if (!(await moved)) throw new Error('A locked payment changed');
}

function chargeOf(payment: Payment): string {
  if (typeof payment.providerReference !== 'string') throw new Error(`Payment ${payment.id} is captured without a charge`);
  return payment.providerReference;
}
