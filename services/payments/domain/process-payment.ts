/**
 * Takes the money of one order, in three phases.
 *
 * PP1 The intent is stored before the provider is called: payments always knows what may have been charged.
 * PP2 No transaction is open while the provider works.
 * PP3 The provider's key is the caller's key: every attempt, of every instance, gets the first charge.
 * PP4 An unknown outcome is never recorded, neither as success nor as failure.
 * PP5 Only the owner of the lease records the outcome.
 * PP6 The fraud check decides before the provider is asked. A payment that an earlier owner may have let pass is held only after the
 *     provider has forbidden its key; a charge that stands under the key is money that was taken, and is recorded.
 */
import { databaseNow } from '../../../platform/persistence/database-time.ts';
import { violatedUnique } from '../../../platform/persistence/retry.ts';
import type { Dependencies } from './dependencies.ts';
import { currencyNotSold, orderHasPayment, type PaymentError, paymentRefused } from './errors.ts';
import type { Assessment } from './fraud/check.ts';
import { type EarlierPayments, earlierPayments } from './fraud/earlier-payments.ts';
import type { LeasedOperation } from './leased-operation.ts';
import { lockPayment } from './lock-payment.ts';
import { Payment } from './payment.ts';
import type { ChargeOutcome } from './provider.ts';

export type PaymentRequest = {
  readonly orderId: string;
  readonly userId: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** The provider's opaque token: passed on, never stored, never logged. */
  readonly token: string;
};

export type Processed = { readonly paymentId: string };

/** Throws the provider's refusal, ProviderUnavailable for an unknown outcome. */
export async function processPayment(
  dependencies: Dependencies,
  operation: LeasedOperation<Processed>,
  request: PaymentRequest,
): Promise<Processed> {
  const begun = await begin(dependencies, operation, request);
  if (begun.kind === 'replayed') return begun.result;
  if (begun.kind === 'refused') throw begun.refusal;
  const refusal = await operation.outliveCall(() => chargeAndSettle(dependencies, operation, { request, begun }));
  const { paymentId } = begun;
  dependencies.logger.info({ payment_id: paymentId, outcome: refusal?.reason ?? 'captured' }, 'A payment was settled');
  if (refusal) throw refusal;
  return { paymentId };
}

/** `isNew`: no attempt can have asked the provider under this key. */
type Begun = { readonly kind: 'mine'; readonly paymentId: string; readonly earlier: EarlierPayments; readonly isNew: boolean };

type Beginning =
  | Begun
  | { readonly kind: 'replayed'; readonly result: Processed }
  | { readonly kind: 'refused'; readonly refusal: PaymentError };

/** Phase 1: takes the lease and stores the intent (PP1). */
async function begin(
  { database, currencies }: Dependencies,
  operation: LeasedOperation<Processed>,
  request: PaymentRequest,
): Promise<Beginning> {
  const attempt = () =>
    database.transaction(async (transaction): Promise<Beginning> => {
      const claimed = await operation.claim(transaction);
      if (claimed.state === 'completed') return { kind: 'replayed', result: claimed.result };
      const { em } = transaction;
      const { orderId, userId } = request;
      const found = await em.findOne(Payment, { $or: [{ orderId }, { chargeKey: operation.key }] });
      if (found && (found.orderId !== orderId || found.chargeKey !== operation.key)) {
        const refusal = orderHasPayment(orderId);
        await operation.refuse(transaction, refusal);
        return { kind: 'refused', refusal };
      }
      // Taken over from another owner, the intent is there already.
      const before = found?.createdAt ?? (await databaseNow(em));
      const earlier = await earlierPayments(em, { userId, before });
      if (found) return { kind: 'mine', paymentId: found.id, earlier, isNew: false };
      if (!currencies.includes(request.currency)) throw currencyNotSold();
      const payment = new Payment({ ...request, chargeKey: operation.key }, before);
      em.persist(payment);
      return { kind: 'mine', paymentId: payment.id, earlier, isNew: true };
    });
  try {
    return await attempt();
  } catch (error: unknown) {
    // Another payment of the order was stored meanwhile; the second attempt finds it.
    if (violatedUnique(error) === undefined) throw error;
    return attempt();
  }
}

type Outcome = Extract<ChargeOutcome, { kind: 'charged' }> | { readonly kind: 'refused'; readonly refusal: PaymentError };

/** Phases 2 and 3. Returns the refusal, if it was one. */
async function chargeAndSettle(
  dependencies: Dependencies,
  operation: LeasedOperation<Processed>,
  { request, begun }: { readonly request: PaymentRequest; readonly begun: Begun },
): Promise<PaymentError | undefined> {
  const { paymentId, earlier, isNew } = begun;
  const assessment = await dependencies.fraud.assess({ ...request, ...earlier });
  const outcome = assessment.held
    ? await hold(dependencies, operation.key, { isNew })
    : await charge(dependencies, operation.key, request);
  await settle(dependencies, operation, { paymentId, outcome, assessment });
  return outcome.kind === 'refused' ? outcome.refusal : undefined;
}

/** Phase 2, in which money moves. */
async function charge(
  { provider }: Dependencies,
  key: string,
  { orderId, amountMinor, currency, token }: PaymentRequest,
): Promise<Outcome> {
  const outcome = await provider.charge({ key, reference: orderId, amountMinor, currency, token });
  return outcome.kind === 'charged' ? outcome : { kind: 'refused', refusal: paymentRefused(outcome.code) };
}

/** Phase 2 of a payment that the fraud check holds (PP6). */
async function hold({ provider }: Dependencies, key: string, { isNew }: { readonly isNew: boolean }): Promise<Outcome> {
  const standing = isNew ? null : await provider.cancelKey(key);
  return standing ? { kind: 'charged', charge: standing } : { kind: 'refused', refusal: paymentRefused('fraud_hold') };
}

/** Phase 3: the outcome and the answer, by the owner of the lease (PP5). */
function settle(
  { database }: Dependencies,
  operation: LeasedOperation<Processed>,
  settled: { readonly paymentId: string; readonly outcome: Outcome; readonly assessment: Assessment },
): Promise<void> {
  const { paymentId, outcome, assessment } = settled;
  return database.transaction(async (transaction) => {
    if (outcome.kind === 'refused') await operation.refuse(transaction, outcome.refusal);
    else await operation.complete(transaction, { paymentId });
    const payment = await lockPayment(transaction.em, { id: paymentId });
    if (!payment) throw new Error(`Payment ${paymentId} is gone`);
    const at = await databaseNow(transaction.em);
    // A refund may have asked the provider meanwhile and have recorded the same charge: then nothing changes.
    if (outcome.kind === 'charged') return payment.capture(outcome.charge, at, assessment);
    if (!payment.isUnsettled()) throw new Error(`Payment ${paymentId} was refused and is settled otherwise`);
    payment.fail(outcome.refusal.reason, at, assessment);
  });
}
