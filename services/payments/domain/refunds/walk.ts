import type { Transaction } from '../../../../platform/persistence/database.ts';
import type { Dependencies } from '../dependencies.ts';
import { notSettledYet } from '../errors.ts';
import type { LeasedOperation } from '../leased-operation.ts';
import type { Payment } from '../payment.ts';
import { recordNews } from '../provider-events/provider-news.ts';
import {
  type RefundOrder,
  recordCancelled,
  recordCharge,
  recordRefund,
  recordRefusedRefund,
  type Standing,
  type Step,
} from './steps.ts';

/** A call that walks: each step is one call to the provider, and its outcome is recorded before the next step is decided. */
export type Walk<Result> = {
  readonly operation: LeasedOperation<Result>;
  readonly orderId: string;
  /** The payment that the call is about, locked until the transaction ends. */
  lock(transaction: Transaction): Promise<Payment | null>;
  /** The next step; `done` has stored the answer of the call. */
  decide(transaction: Transaction, standing: Standing): Promise<Step<Result>>;
};

export async function walk<Result>(
  { database, provider, logger }: Dependencies,
  { operation, orderId, lock, decide }: Walk<Result>,
  first: Step<Result>,
): Promise<Result> {
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
        if (!charge) throw notSettledYet(orderId);
        step = await record((transaction, payment) => recordCharge(transaction, payment, charge));
        break;
      }
      case 'refund':
        step = await refund(step.refund);
        break;
      case 'look':
        step = await look(step);
        break;
      case 'done':
        return step.result;
      case 'refused':
        throw step.refusal;
    }
  }

  async function refund(order: RefundOrder): Promise<Step<Result>> {
    const { key, chargeId } = order;
    const outcome = await provider.refund(order);
    if (outcome.kind === 'refunded') {
      return record((transaction, payment) => recordRefund(transaction, payment, { key, providerReference: outcome.id }));
    }
    const { code } = outcome;
    const charge = await provider.findCharge(chargeId);
    return record((transaction, payment) => recordRefusedRefund(transaction, logger, { payment, key, code, charge }), {
      refusal: code,
    });
  }

  async function look({ chargeId, refundKey }: Extract<Step<Result>, { kind: 'look' }>): Promise<Step<Result>> {
    if (refundKey !== undefined) await provider.cancelKey(refundKey);
    const charge = await provider.findCharge(chargeId);
    return record(
      async (transaction, payment) => {
        if (payment && charge) await recordNews(transaction, logger, { payment, charge, deadKey: refundKey });
      },
      { isLookedUp: true },
    );
  }

  /** Stores an outcome and decides the next step, as the owner of the lease (RF4). */
  function record(
    outcome: (transaction: Transaction, payment: Payment | null) => Promise<void>,
    learned: Omit<Standing, 'payment'> = {},
  ): Promise<Step<Result>> {
    return database.transaction(async (transaction) => {
      await operation.renew(transaction);
      const payment = await lock(transaction);
      await outcome(transaction, payment);
      // The next step may store another refund of the payment: the one that ended has to be written first.
      await transaction.em.flush();
      return decide(transaction, { payment, ...learned });
    });
  }
}
