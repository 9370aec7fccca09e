/**
 * Ends an authorised payment before it is captured, in the same three phases as a charge.
 *
 * VD1 The provider is asked while the payment is AUTHORIZED here, and no transaction is open meanwhile.
 * VD2 The provider's void is repeatable: a call that finds a void that was left behind asks again.
 * VD3 Only the owner of the lease records the outcome.
 */
import type { Transaction } from '../../../platform/persistence/database.ts';
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import type { Dependencies } from './dependencies.ts';
import { illegalTransition, notSettledYet, type PaymentError, paymentNotFound } from './errors.ts';
import type { LeasedOperation } from './leased-operation.ts';
import { lockPayment } from './lock-payment.ts';
import type { Payment } from './payment.ts';

export type VoidJob = {
  readonly operation: LeasedOperation<Voided>;
  readonly orderId: string;
  readonly reason: string;
};

export type Voided = Record<never, never>;

type Step =
  | { readonly kind: 'void'; readonly chargeId: string }
  | { readonly kind: 'wait' }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly refusal: PaymentError };

/** Throws illegal_transition for a payment that was captured or failed, `unavailable` for an unknown outcome. */
export async function voidPayment(dependencies: Dependencies, job: VoidJob): Promise<Voided> {
  const { database, provider, logger } = dependencies;
  const step = await begin(dependencies, job);
  switch (step.kind) {
    case 'done':
      return {};
    case 'refused':
      throw step.refusal;
    case 'wait':
      throw notSettledYet(job.orderId);
    case 'void':
      await job.operation.outliveCall(async () => {
        await provider.void(step.chargeId);
        await database.transaction((transaction) => settle(transaction, job));
      });
      logger.info('A payment was voided');
      return {};
  }
}

/** Phase 1: takes the lease and decides by the state of the payment. */
function begin({ database }: Dependencies, { operation, orderId }: VoidJob): Promise<Step> {
  return database.transaction(async (transaction): Promise<Step> => {
    const claimed = await operation.claim(transaction);
    if (claimed.state === 'completed') return { kind: 'done' };
    const step = nextStep(await lockPayment(transaction.em, { orderId }));
    if (step.kind === 'done') await operation.complete(transaction, {});
    if (step.kind === 'refused') await operation.refuse(transaction, step.refusal);
    return step;
  });
}

function nextStep(payment: Payment | null): Step {
  if (!payment) return { kind: 'refused', refusal: paymentNotFound() };
  // Under another key, or by an owner that died before it answered.
  if (payment.status === 'VOIDED') return { kind: 'done' };
  if (payment.status === 'AUTHORIZED' && payment.providerReference) return { kind: 'void', chargeId: payment.providerReference };
  // On its way: it will be captured or fail, and only then is there a final answer.
  if (payment.isUnsettled()) return { kind: 'wait' };
  return { kind: 'refused', refusal: illegalTransition(payment.status, 'VOIDED') };
}

/** Phase 3: the outcome and the answer, by the owner of the lease (VD3). */
async function settle(transaction: Transaction, { operation, orderId, reason }: VoidJob): Promise<void> {
  await operation.complete(transaction, {});
  const payment = await lockPayment(transaction.em, { orderId });
  if (payment?.status === 'AUTHORIZED') payment.void(reason, await databaseNow(transaction.em));
  else if (payment?.status !== 'VOIDED') throw new Error('The provider voided a payment that is settled here otherwise');
}
