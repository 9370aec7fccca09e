/**
 * Records that a refund was paid by other means than the provider.
 *
 * SO1 The refund's operation belongs to the settlement from its beginning: no attempt of it runs meanwhile, and later ones are answered
 *     as settled.
 * SO2 The refund's key is cancelled at the provider before anything is recorded, and the charge is read afterwards: a refund that the
 *     provider has paid is recorded as such, and only the rest is settled outside.
 */
import type { Transaction } from '../../../../platform/persistence/database.ts';
import { databaseNow } from '../../../../platform/persistence/database-time.ts';
import type { Dependencies } from '../dependencies.ts';
import { currencyDiffers, refundRefused } from '../errors.ts';
import type { LeasedOperation } from '../leased-operation.ts';
import { lockPayment } from '../lock-payment.ts';
import type { Payment } from '../payment.ts';
import { Refund } from './refund.ts';
import { asked, finish, nextRefundKey, type Standing, type Step } from './steps.ts';
import { walk } from './walk.ts';

export type Settled = { readonly settledMinor: number };

export type SettlementJob = {
  readonly operation: LeasedOperation<Settled>;
  readonly orderId: string;
  /** The key of the refund that was paid. */
  readonly settlesKey: string;
  /** Absent: all that is left. Of a refund that was begun its own amount counts. */
  readonly amount?: { readonly amountMinor: number; readonly currency: string } | undefined;
  readonly reference: string;
  readonly reason: string;
  readonly actorId: string;
};

// The reason of a refund that began with its settlement. The operator's words are no event's.
const REASON = 'settled_outside';

/** Returns the amount that was settled: 0 when nothing was left, at most what was left. */
export async function settleOutside(dependencies: Dependencies, job: SettlementJob): Promise<Settled> {
  const { operation, orderId } = job;
  const way = {
    operation,
    orderId,
    lock: ({ em }: Transaction) => lockPayment(em, { orderId }),
    decide: (transaction: Transaction, standing: Standing) => nextStep(transaction, job, standing),
  };
  const first = await begin(dependencies, job);
  const settled = await operation.outliveCall(() => walk(dependencies, way, first));
  dependencies.logger.info({ settled_minor: settled.settledMinor }, 'A refund was settled outside');
  return settled;
}

function begin({ database }: Dependencies, job: SettlementJob): Promise<Step<Settled>> {
  const { operation, orderId, settlesKey } = job;
  return database.transaction(async (transaction): Promise<Step<Settled>> => {
    const claimed = await operation.claim(transaction);
    if (claimed.state === 'completed') return { kind: 'done', result: claimed.result };
    await operation.seizeRefund(transaction, settlesKey);
    const payment = await lockPayment(transaction.em, { orderId });
    if (payment?.isUnsettled()) await operation.forbidCharge(transaction, payment.chargeKey);
    return nextStep(transaction, job, { payment });
  });
}

async function nextStep(transaction: Transaction, job: SettlementJob, standing: Standing): Promise<Step<Settled>> {
  const { em } = transaction;
  const { operation, settlesKey, amount } = job;
  const { payment, refusal, isLookedUp } = standing;
  if (!payment) return finish(transaction, operation, { settledMinor: 0 });
  if (amount && amount.currency !== payment.currency) throw currencyDiffers(payment.currency);
  if (payment.isUnsettled()) return { kind: 'cancel', chargeKey: payment.chargeKey };
  const isPaid = (await em.count(Refund, { operationKey: settlesKey, status: 'COMPLETED' })) > 0;
  if (isPaid || payment.capturedMinor === 0) return finish(transaction, operation, { settledMinor: 0 });
  const pending = await em.findOne(Refund, { payment: payment.id, status: 'PENDING' });
  if (pending && pending.operationKey !== settlesKey) {
    // Another refund was left behind, and a payment has one at a time (RF3).
    return refusal ? { kind: 'refused', refusal: refundRefused(refusal) } : asked(payment, pending);
  }
  if (!isLookedUp) return { kind: 'look', chargeId: payment.chargeId(), refundKey: pending?.key };
  return settle(transaction, job, { payment, pending });
}

async function settle(
  transaction: Transaction,
  { operation, settlesKey, amount, reference, reason, actorId }: SettlementJob,
  { payment, pending }: { readonly payment: Payment; readonly pending: Refund | null },
): Promise<Step<Settled>> {
  const keptMinor = payment.keptMinor();
  if (keptMinor === 0) return finish(transaction, operation, { settledMinor: 0 });
  const at = await databaseNow(transaction.em);
  const refund =
    pending ??
    payment.startRefund(
      {
        key: await nextRefundKey(transaction, settlesKey),
        operationKey: settlesKey,
        amountMinor: Math.min(amount?.amountMinor ?? keptMinor, keptMinor),
        reason: REASON,
      },
      at,
    );
  payment.completeRefund(refund, { paidBy: 'outside', reference, reason, actorId }, at);
  return finish(transaction, operation, { settledMinor: refund.amountMinor });
}
