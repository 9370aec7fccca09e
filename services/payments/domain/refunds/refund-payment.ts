/**
 * Gives money back. A refund is a walk: the state of the payment decides the next step, the step is one call to the provider, and
 * its outcome is recorded before the next step is chosen. A repeated call continues from there.
 *
 * RF1 An undo first forbids the charge's key here, and at the provider when the outcome of the charge is not recorded here.
 * RF2 A refund is stored with its amount, under its own key, before the provider is asked.
 * RF3 A payment has one refund at a time; a refund that was left behind is finished by the next one.
 * RF4 Only the owner of the lease records an outcome; an outcome is recorded once.
 */
import type { Transaction } from '../../../../platform/persistence/database.ts';
import type { Dependencies } from '../dependencies.ts';
import { keyOfAnotherOrder, notSettledYet } from '../errors.ts';
import { Payment } from '../payment.ts';
import {
  lockOwn,
  nextStep,
  type Refunded,
  type RefundJob,
  recordCancelled,
  recordCharge,
  recordRefund,
  type Step,
} from './refund-steps.ts';

/** Returns the amount that this call gave back: 0 when nothing was charged or everything had gone back before. */
export async function refundPayment(dependencies: Dependencies, job: RefundJob): Promise<Refunded> {
  const first = await begin(dependencies, job);
  const refunded = await job.operation.outliveCall(() => walk(dependencies, job, first));
  dependencies.logger.info({ refunded_minor: refunded.refundedMinor }, 'A refund is complete');
  return refunded;
}

/** Takes the lease, forbids the charge that the refund undoes (RF1), and decides the first step. */
function begin({ database }: Dependencies, job: RefundJob): Promise<Step> {
  const { operation, orderId, undoesKey } = job;
  return database.transaction(async (transaction): Promise<Step> => {
    const claimed = await operation.claim(transaction);
    if (claimed.state === 'completed') return { kind: 'done', refunded: claimed.result };
    if (undoesKey !== undefined) {
      const others = await transaction.em.count(Payment, { chargeKey: undoesKey, orderId: { $ne: orderId } });
      if (others > 0) throw keyOfAnotherOrder();
      await operation.forbidCharge(transaction, undoesKey);
    }
    return nextStep(transaction, job, { payment: await lockOwn(transaction, job), isForbidden: false });
  });
}

async function walk({ database, provider }: Dependencies, job: RefundJob, first: Step): Promise<Refunded> {
  let step = first;
  for (;;) {
    switch (step.kind) {
      case 'cancel': {
        const charge = await provider.cancelKey(step.chargeKey);
        step = await record((transaction, payment) => recordCancelled(transaction, payment, charge), { isForbidden: true });
        break;
      }
      case 'find': {
        const charge = await provider.findByKey(step.chargeKey);
        if (!charge) throw notSettledYet(job.orderId);
        step = await record((transaction, payment) => recordCharge(transaction, payment, charge));
        break;
      }
      case 'refund': {
        const { key, ...order } = step.refund;
        const { id } = await provider.refund({ key, ...order });
        step = await record((transaction, payment) => recordRefund(transaction, payment, { key, providerReference: id }));
        break;
      }
      case 'done':
        return step.refunded;
      case 'refused':
        throw step.refusal;
    }
  }

  /** Stores an outcome and decides the next step, as the owner of the lease (RF4). */
  function record(
    outcome: (transaction: Transaction, payment: Payment | null) => Promise<void>,
    given: { readonly isForbidden: boolean } = { isForbidden: false },
  ): Promise<Step> {
    return database.transaction(async (transaction) => {
      await job.operation.renew(transaction);
      const payment = await lockOwn(transaction, job);
      await outcome(transaction, payment);
      // The next step may store another refund of the payment: the one that ended has to be written first.
      await transaction.em.flush();
      return nextStep(transaction, job, { payment, ...given });
    });
  }
}
