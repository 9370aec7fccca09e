/**
 * What the provider's charge says, recorded here.
 *
 * PN1 Only facts of the charge are recorded, and each once: a charge that was read late, early or twice changes nothing more.
 * PN2 Money that went back in the provider's back office is a refund of its own. A pending refund ends first, because a payment has one
 *     refund at a time.
 */
import type { Transaction } from '../../../../platform/persistence/database.ts';
import { databaseNow } from '../../../../platform/persistence/database-time.ts';
import type { Logger } from '../../../../platform/telemetry/logs.ts';
import type { Payment } from '../payment.ts';
import type { Charge, ChargeRefund } from '../provider.ts';
import { Refund } from '../refunds/refund.ts';

// The reason of a refund that nobody asked for here.
const BACK_OFFICE = 'provider_back_office';

type News = {
  readonly payment: Payment;
  readonly charge: Charge;
  /** The key of a refund that the provider will not pay any more. */
  readonly deadKey?: string | undefined;
};

/**
 * Records the charge in the payment, which the caller has locked. Returns the pending refund that has to end before the refunds of the
 * back office can be recorded: the caller cancels its key at the provider and reads the charge again.
 */
export async function recordNews(
  { em }: Transaction,
  logger: Logger,
  { payment, charge, deadKey }: News,
): Promise<Refund | undefined> {
  const at = await databaseNow(em);
  if (payment.isUnsettled() && charge.capturedMinor > 0) payment.capture(charge, at);
  if (payment.capturedMinor === 0) {
    if (charge.capturedMinor > 0)
      logger.error({ payment_id: payment.id }, 'The provider took money for a payment that ended without');
    return undefined;
  }
  const disputed = charge.disputed ? payment.dispute(at) : undefined;
  if (disputed) em.persist(disputed);
  const known = await em.find(Refund, { payment: payment.id });
  completeOwn(payment, { known, refunds: charge.refunds, at });
  const news = charge.refunds.filter(({ id }) => !known.some(({ providerReference }) => providerReference === id));
  const pending = known.find(({ status }) => status === 'PENDING');
  if (pending && news.length > 0) {
    if (pending.key !== deadKey) return pending;
    payment.failRefund(pending, at);
  }
  for (const { id, amountMinor } of news) {
    if (amountMinor > payment.keptMinor()) {
      // Paid twice: by the provider and by other means. The reconciler reports the difference.
      logger.error({ payment_id: payment.id }, 'The provider gave back more than is left of a payment');
      continue;
    }
    const key = `${BACK_OFFICE}:${id}`;
    const refund = payment.startRefund({ key, operationKey: key, amountMinor, reason: BACK_OFFICE }, at);
    payment.completeRefund(refund, { paidBy: 'provider_back_office', providerReference: id }, at);
  }
  return undefined;
}

/** Completes the pending refund that the provider has paid under our key. */
function completeOwn(
  payment: Payment,
  { known, refunds, at }: { readonly known: readonly Refund[]; readonly refunds: readonly ChargeRefund[]; readonly at: Date },
): void {
  for (const { id, key } of refunds) {
    const own = known.find((refund) => refund.status === 'PENDING' && refund.key === key);
    if (own) payment.completeRefund(own, { paidBy: 'provider', providerReference: id }, at);
  }
}
