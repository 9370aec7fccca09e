/**
 * Gives money back. A refund is a walk: the payment as it stands says the next step, the step is one call to the
 * provider, and its outcome is recorded before the next step is chosen. Whoever repeats the call goes on from there.
 *
 * RF1 An undo first forbids the charge's key here, and at the provider when the outcome of the charge is not known here.
 * RF2 What goes back is written down before the provider is asked, with its amount, under the key of the refund.
 * RF3 One refund of a payment at a time; one that was left behind is finished by the next.
 * RF4 Only the owner of the lease records an outcome; an outcome is recorded once.
 */
import { claim, renew, tombstone } from '../../platform/idempotency/record.ts';
import type { Transaction } from '../../platform/persistence/database.ts';
import { RefundPaymentResponse } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { notSettledYet } from './errors.ts';
import { type Dependencies, newLease, underLease } from './lease.ts';
import {
  assertOwnCharge,
  nextStep,
  type RefundJob,
  recordCancelled,
  recordCharge,
  recordRefund,
  type Step,
} from './refund-steps.ts';

/** Returns what this call gave back, in minor units: 0 when nothing was charged or all of it had gone back before. */
export async function refundPayment(dependencies: Dependencies, request: Omit<RefundJob, 'lease'>): Promise<number> {
  const job: RefundJob = { ...request, lease: newLease(dependencies.provider) };
  const first = await begin(dependencies, job);
  const refundedMinor = await underLease(dependencies, job, () => walk(dependencies, job, first));
  dependencies.logger.info({ refunded_minor: refundedMinor }, 'A refund is complete');
  return refundedMinor;
}

/** Claims the refund, forbids the charge that it undoes (RF1), and sees where the payment stands. */
function begin({ database }: Dependencies, job: RefundJob): Promise<Step> {
  const { key, requestHash, lease } = job;
  return database.transaction(async (transaction): Promise<Step> => {
    const { sql } = transaction;
    const claimed = await claim(sql, { operation: 'RefundPayment', key, requestHash, lease });
    if (claimed.state === 'completed') {
      return { kind: 'done', refundedMinor: RefundPaymentResponse.decode(claimed.response).refundedMinor };
    }
    if (job.undoesKey !== undefined) {
      await assertOwnCharge(transaction, job, job.undoesKey);
      await tombstone(sql, job.undoesKey, 'ProcessPayment');
    }
    return nextStep(transaction, job);
  });
}

async function walk({ database, provider }: Dependencies, job: RefundJob, first: Step): Promise<number> {
  let step = first;
  for (;;) {
    switch (step.kind) {
      case 'cancel': {
        const charge = await provider.cancelKey(step.chargeKey);
        step = await record((transaction) => recordCancelled(transaction, job, charge));
        break;
      }
      case 'find': {
        const charge = await provider.findByKey(step.chargeKey);
        if (!charge) throw notSettledYet(job.orderId);
        step = await record((transaction) => recordCharge(transaction, job, charge));
        break;
      }
      case 'refund': {
        const { refund } = step;
        const { id } = await provider.refund(refund);
        step = await record((transaction) => recordRefund(transaction, job, { ...refund, providerReference: id }));
        break;
      }
      case 'done':
        return step.refundedMinor;
      case 'refused':
        throw step.refusal;
    }
  }

  /** Stores an outcome and sees what comes next, as the owner of the lease (RF4). */
  function record(outcome: (transaction: Transaction) => Promise<Step>): Promise<Step> {
    return database.transaction(async (transaction) => {
      await renew(transaction.sql, job.key, job.lease);
      return outcome(transaction);
    });
  }
}
