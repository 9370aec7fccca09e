/**
 * Takes the money of one order, in three phases.
 *
 * PP1 The intent is stored before the provider is called: what may have been charged is always known here.
 * PP2 No transaction is open while the provider works.
 * PP3 The provider's key is the caller's key: every attempt, by whomever, gets the first charge.
 * PP4 An unknown outcome is never recorded, neither as success nor as failure.
 * PP5 Only the owner of the lease records the outcome.
 * PP6 The fraud check decides before the provider is asked. What an owner before may have let pass is refused only when the
 *     provider has forbidden its key; a charge that stands under it is money that was taken, and is recorded.
 */
import { v7 as uuid } from 'uuid';
import { claimWith, complete, completeWith, refuse } from '../../platform/idempotency/record.ts';
import type { StatusError } from '../../platform/rpc/status-error.ts';
import { ProcessPaymentResponse } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { stepsToCapture } from './entity.ts';
import { fraudHeld, orderHasPayment, paymentRefused } from './errors.ts';
import type { Assessment } from './fraud-check.ts';
import { type Earlier, parseStarted } from './fraud-facts.ts';
import { type Dependencies, type Lease, newLease, underLease } from './lease.ts';
import { assertCharged, type ChargeOutcome } from './provider.ts';
import { captured, intentStored, lockPayment, move, paymentUnder } from './repository.ts';

export type PaymentRequest = {
  readonly key: string;
  readonly requestHash: Buffer;
  readonly orderId: string;
  readonly userId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** The provider's opaque token: passed on, never stored, never logged. */
  readonly token: string;
};

/** Returns the payment's id. Throws the provider's refusal, UNAVAILABLE for an unknown outcome, ABORTED while at work. */
export async function processPayment(dependencies: Dependencies, request: PaymentRequest): Promise<string> {
  const { provider, fraud, logger } = dependencies;
  const lease = newLease(provider, fraud.deadlineMs);
  const begun = await begin(dependencies, request, lease);
  if (begun.kind === 'refused') throw begun.refusal;
  const { paymentId } = begun;
  if (begun.kind === 'replayed') return paymentId;
  const refusal = await underLease(dependencies, { key: request.key, lease }, async () => {
    const { amountMinor, currency } = request;
    const assessment = await fraud.assess({ amountMinor, currency, ...begun.earlier });
    const outcome = await charge(dependencies, request, { held: assessment.held, first: begun.first });
    return settle(dependencies, { request, paymentId, lease, outcome, assessment });
  });
  logger.info({ payment_id: paymentId, outcome: refusal?.reason ?? 'captured' }, 'A payment was settled');
  if (refusal) throw refusal;
  return paymentId;
}

type Begun =
  // `first`: nobody before us can have asked the provider under this key.
  | { readonly kind: 'mine'; readonly paymentId: string; readonly earlier: Earlier; readonly first: boolean }
  | { readonly kind: 'replayed'; readonly paymentId: string }
  | { readonly kind: 'refused'; readonly refusal: StatusError };

/** Phase 1: the lease and the intent, in one statement (PP1). */
async function begin({ database }: Dependencies, request: PaymentRequest, lease: Lease): Promise<Begun> {
  const { key, requestHash, orderId, userId, amountMinor, currency } = request;
  const { sql } = database;
  const operation = { operation: 'ProcessPayment', key, requestHash, lease };
  const intent = intentStored({ id: uuid(), orderId, userId, chargeKey: key, amountMinor, currency });
  const claimed = await claimWith(sql, operation, intent);
  if (claimed.state === 'completed') {
    return { kind: 'replayed', paymentId: ProcessPaymentResponse.decode(claimed.response).paymentId };
  }
  // Taken over from a dead owner, the intent is there already.
  const started = claimed.returned === null ? await paymentUnder(sql, key) : parseStarted(claimed.returned);
  if (started) return { kind: 'mine', paymentId: started.id, earlier: started.earlier, first: claimed.attempt === 1 };
  const refusal = orderHasPayment(orderId);
  await refuse(sql, key, refusal, lease.owner);
  return { kind: 'refused', refusal };
}

/** Phase 2, in which money moves: what the provider says, or what we do in its place (PP6). */
async function charge(
  { provider }: Dependencies,
  { key, orderId, amountMinor, currency, token }: PaymentRequest,
  { held, first }: { readonly held: boolean; readonly first: boolean },
): Promise<Outcome> {
  if (!held) return provider.charge({ key, reference: orderId, amountMinor, currency, token });
  const standing = first ? null : await provider.cancelKey(key);
  return standing ? { kind: 'charged', charge: standing } : { kind: 'held' };
}

type Outcome = ChargeOutcome | { readonly kind: 'held' };

type Settled = {
  readonly request: PaymentRequest;
  readonly paymentId: string;
  readonly lease: Lease;
  readonly outcome: Outcome;
  readonly assessment: Assessment;
};

/** Phase 3: the outcome and the answer, by the owner of the lease alone (PP5). Returns the refusal, if it was one. */
async function settle(dependencies: Dependencies, settled: Settled): Promise<StatusError | null> {
  const { request, paymentId, lease, outcome, assessment } = settled;
  if (outcome.kind === 'held') return settleRefused(dependencies, settled, fraudHeld(assessment));
  if (outcome.kind === 'refused') return settleRefused(dependencies, settled, paymentRefused(outcome.code));
  assertCharged(outcome.charge, request);
  const record = { key: request.key, response: ProcessPaymentResponse.encode({ paymentId }).finish(), owner: lease.owner };
  const charged = captured({
    id: paymentId,
    providerReference: outcome.charge.id,
    steps: stepsToCapture('PENDING'),
    fraud: assessment,
  });
  if (await completeWith(dependencies.database.sql, record, charged)) return null;
  return settleOtherwise(dependencies, settled, outcome.charge.id);
}

async function settleRefused({ database }: Dependencies, settled: Settled, refusal: StatusError): Promise<StatusError> {
  const { request, paymentId, lease, assessment: fraud } = settled;
  return database.transaction(async ({ sql }) => {
    await refuse(sql, request.key, refusal, lease.owner);
    const failed = await move(sql, { id: paymentId, from: 'PENDING', steps: ['FAILED'], reason: refusal.reason, fraud });
    if (!failed) throw new Error('A payment that was refused is settled here otherwise');
    return refusal;
  });
}

/** The lease is lost, or a refund asked the provider meanwhile and has recorded the same charge. */
async function settleOtherwise({ database }: Dependencies, settled: Settled, providerReference: string): Promise<null> {
  const { request, paymentId, lease } = settled;
  return database.transaction(async (transaction) => {
    await complete(transaction.sql, request.key, ProcessPaymentResponse.encode({ paymentId }).finish(), lease.owner);
    const payment = await lockPayment(transaction, { id: paymentId });
    if (payment?.providerReference !== providerReference) throw new Error('The payment is settled here otherwise');
    return null;
  });
}
