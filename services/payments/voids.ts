/**
 * Ends an authorised payment before it is captured, in the same three phases as a charge.
 *
 * VD1 The provider is asked while the payment is AUTHORIZED here, and no transaction is open meanwhile.
 * VD2 The provider's void is repeatable, so whoever finds a void that was left behind just asks again.
 * VD3 Only the owner of the lease records the outcome.
 */

import { claim, complete, refuse } from '../../platform/idempotency/record.ts';
import type { Transaction } from '../../platform/persistence/database.ts';
import type { StatusError } from '../../platform/rpc/status-error.ts';
import { VoidPaymentResponse } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import type { Payment } from './entity.ts';
import { illegalTransition, notSettledYet, paymentNotFound } from './errors.ts';
import { type Dependencies, type Lease, newLease, underLease } from './lease.ts';
import { lockPayment, move } from './repository.ts';

export type VoidRequest = {
  readonly key: string;
  readonly requestHash: Buffer;
  readonly orderId: string;
  readonly reason: string;
};

type VoidJob = VoidRequest & { readonly lease: Lease };

type Step =
  | { readonly kind: 'void'; readonly chargeId: string }
  | { readonly kind: 'wait' }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly refusal: StatusError };

/** Throws illegal_transition for a payment that was captured or failed, UNAVAILABLE for an unknown outcome. */
export async function voidPayment(dependencies: Dependencies, request: VoidRequest): Promise<void> {
  const { database, provider, logger } = dependencies;
  const job: VoidJob = { ...request, lease: newLease(provider) };
  const step = await begin(dependencies, job);
  if (step.kind === 'refused') throw step.refusal;
  if (step.kind === 'done') return;
  await underLease(dependencies, job, async () => {
    if (step.kind === 'wait') throw notSettledYet(job.orderId);
    await provider.void(step.chargeId);
    await database.transaction((transaction) => settle(transaction, job));
  });
  logger.info('A payment was voided');
}

/** Phase 1: claims the void and sees where the payment stands. */
function begin({ database }: Dependencies, job: VoidJob): Promise<Step> {
  const { key, requestHash, orderId, lease } = job;
  return database.transaction(async (transaction): Promise<Step> => {
    const { sql } = transaction;
    const claimed = await claim(sql, { operation: 'VoidPayment', key, requestHash, lease });
    if (claimed.state === 'completed') return { kind: 'done' };
    const payment = await lockPayment(transaction, { orderId });
    const step = nextStep(payment);
    if (step.kind === 'done') await finish(transaction, job);
    if (step.kind === 'refused') await refuse(sql, key, step.refusal, lease.owner);
    return step;
  });
}

function nextStep(payment: Payment | null): Step {
  if (!payment) return { kind: 'refused', refusal: paymentNotFound() };
  const { status, providerReference } = payment;
  // Under another key, or by an owner that did not live to say so: what is asked for holds.
  if (status === 'VOIDED') return { kind: 'done' };
  if (status === 'AUTHORIZED' && typeof providerReference === 'string') return { kind: 'void', chargeId: providerReference };
  // On its way: it will be captured or fail, and only then is there an answer that stays right.
  if (payment.isUnsettled()) return { kind: 'wait' };
  return { kind: 'refused', refusal: illegalTransition(status, 'VOIDED') };
}

/** Phase 3: the outcome and the answer, by the owner of the lease alone (VD3). */
async function settle(transaction: Transaction, job: VoidJob): Promise<void> {
  const payment = await lockPayment(transaction, { orderId: job.orderId });
  if (payment?.status === 'AUTHORIZED') {
    await move(transaction.sql, { id: payment.id, from: 'AUTHORIZED', steps: ['VOIDED'], reason: job.reason });
  } else if (payment?.status !== 'VOIDED') throw new Error('The provider voided a payment that is settled here otherwise');
  await finish(transaction, job);
}

function finish({ sql }: Transaction, { key, lease }: VoidJob): Promise<void> {
  return complete(sql, key, VoidPaymentResponse.encode({}).finish(), lease.owner);
}
