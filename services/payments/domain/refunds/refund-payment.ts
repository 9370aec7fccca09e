/**
 * Gives money back. A refund is a walk: the state of the payment decides the next step, the step is one call to the provider, and
 * its outcome is recorded before the next step is chosen. A repeated call continues from there.
 *
 * RF1 An undo first forbids the charge's key here, and at the provider when the outcome of the charge is not recorded here.
 * RF2 A refund is stored with its amount, under its own key, before the provider is asked.
 * RF3 A payment has one refund at a time; a refund that was left behind is finished by the next one.
 * RF4 Only the owner of the lease records an outcome; an outcome is recorded once.
 * RF5 A refund that the provider refuses is a refusal, and it is not stored: a later attempt asks again. Money that went back in the
 *     provider's back office meanwhile is recorded, and the refund is decided anew with the rest.
 */
import type { Transaction } from '../../../../platform/persistence/database.ts';
import { databaseNow } from '../../../../platform/persistence/database-time.ts';
import type { Dependencies } from '../dependencies.ts';
import {
  currencyDiffers,
  keyOfAnotherOrder,
  type PaymentError,
  paymentNotFound,
  refundExceedsCapture,
  refundRefused,
} from '../errors.ts';
import type { LeasedOperation } from '../leased-operation.ts';
import { lockPayment } from '../lock-payment.ts';
import { Payment } from '../payment.ts';
import { Refund } from './refund.ts';
import { asked, finish, nextRefundKey, type Standing, type Step } from './steps.ts';
import { walk } from './walk.ts';

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

/** Returns the amount that this call gave back: 0 when nothing was charged or everything had gone back before. */
export async function refundPayment(dependencies: Dependencies, job: RefundJob): Promise<Refunded> {
  const { operation, orderId } = job;
  const first = await begin(dependencies, job);
  const way = {
    operation,
    orderId,
    lock: (transaction: Transaction) => lockOwn(transaction, job),
    decide: (transaction: Transaction, standing: Standing) => nextStep(transaction, job, standing),
  };
  const refunded = await operation.outliveCall(() => walk(dependencies, way, first));
  dependencies.logger.info({ refunded_minor: refunded.refundedMinor }, 'A refund is complete');
  return refunded;
}

/** Takes the lease, forbids the charge that the refund undoes (RF1), and decides the first step. */
function begin({ database }: Dependencies, job: RefundJob): Promise<Step<Refunded>> {
  const { operation, orderId, undoesKey } = job;
  return database.transaction(async (transaction): Promise<Step<Refunded>> => {
    const claimed = await operation.claim(transaction);
    if (claimed.state === 'completed') return { kind: 'done', result: claimed.result };
    if (undoesKey !== undefined) {
      const others = await transaction.em.count(Payment, { chargeKey: undoesKey, orderId: { $ne: orderId } });
      if (others > 0) throw keyOfAnotherOrder();
      await operation.forbidCharge(transaction, undoesKey);
    }
    return nextStep(transaction, job, { payment: await lockOwn(transaction, job) });
  });
}

/** The payment that this job is about, locked: an undo names one charge, a plain refund the order. */
function lockOwn({ em }: Transaction, { undoesKey, orderId }: RefundJob): Promise<Payment | null> {
  return lockPayment(em, undoesKey === undefined ? { orderId } : { chargeKey: undoesKey });
}

/** Decides by the payment, which the caller has locked. */
async function nextStep(transaction: Transaction, job: RefundJob, standing: Standing): Promise<Step<Refunded>> {
  const { em } = transaction;
  const { payment, isForbidden, refusal } = standing;
  // Read under the payment's lock: another call that drives our refund has settled it by now, or not begun to.
  const own = await em.findOne(Refund, { operationKey: job.operation.key, status: 'COMPLETED' });
  if (own) return finish(transaction, job.operation, { refundedMinor: own.amountMinor });
  if (!payment) {
    if (job.undoesKey === undefined) return refuse(transaction, job, paymentNotFound());
    return isForbidden ? finish(transaction, job.operation, { refundedMinor: 0 }) : { kind: 'cancel', chargeKey: job.undoesKey };
  }
  if (payment.isUnsettled()) return { kind: job.undoesKey === undefined ? 'find' : 'cancel', chargeKey: payment.chargeKey };
  if (payment.status !== 'REFUNDING') return startRefund(transaction, job, payment);
  if (refusal) return { kind: 'refused', refusal: refundRefused(refusal) };
  // Our own, or one that was left behind (RF3): under its own key it goes back once, whichever call asks.
  return asked(payment, await em.findOneOrFail(Refund, { payment: payment.id, status: 'PENDING' }));
}

/** Stores the refund (RF2), unless there is nothing to give back. */
async function startRefund(transaction: Transaction, job: RefundJob, payment: Payment): Promise<Step<Refunded>> {
  const { operation, amount, reason } = job;
  const keptMinor = payment.keptMinor();
  if (amount && amount.currency !== payment.currency) throw currencyDiffers(payment.currency);
  const amountMinor = amount?.amountMinor ?? keptMinor;
  if (amountMinor > keptMinor) {
    const { currency } = payment;
    return refuse(transaction, job, refundExceedsCapture({ requestedMinor: amountMinor, keptMinor, currency }));
  }
  if (amountMinor === 0) return finish(transaction, operation, { refundedMinor: 0 });
  const key = await nextRefundKey(transaction, operation.key);
  const request = { key, operationKey: operation.key, amountMinor, reason };
  return asked(payment, payment.startRefund(request, await databaseNow(transaction.em)));
}

async function refuse(transaction: Transaction, { operation }: RefundJob, refusal: PaymentError): Promise<Step<Refunded>> {
  await operation.refuse(transaction, refusal);
  return { kind: 'refused', refusal };
}
