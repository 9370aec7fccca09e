/**
 * Takes the provider's own news. An event only says where to look: the provider is asked for the charge, and its answer is recorded.
 * So an event that comes twice, late or out of order changes nothing, and no key needs to be stored.
 */
import type { Dependencies } from '../dependencies.ts';
import { lockPayment } from '../lock-payment.ts';
import type { Charge } from '../provider.ts';
import { recordNews } from './provider-news.ts';

/** A refused charge is not among them: it has no id, and the attempt under its key learns the refusal. */
const TYPES: ReadonlySet<string> = new Set(['charge.captured', 'charge.failed', 'charge.refunded', 'charge.disputed']);

/** Throws ProviderUnavailable when the provider does not answer. Does nothing for a charge that is unknown here. */
export async function recordProviderEvent(
  dependencies: Pick<Dependencies, 'database' | 'provider' | 'logger'>,
  { type, chargeId }: { readonly type: string; readonly chargeId: string },
): Promise<void> {
  if (!TYPES.has(type)) return;
  const { provider } = dependencies;
  const charge = await provider.findCharge(chargeId);
  if (!charge) return;
  const pending = await record(dependencies, charge);
  if (pending === undefined) return;
  // From now on the provider cannot pay the pending refund; the charge says whether it did before.
  await provider.cancelKey(pending);
  const current = await provider.findCharge(chargeId);
  if (current) await record(dependencies, current, pending);
}

/** Returns the key of the refund that has to end first, if there is one. */
function record(
  { database, logger }: Pick<Dependencies, 'database' | 'logger'>,
  charge: Charge,
  deadKey?: string,
): Promise<string | undefined> {
  return database.transaction(async (transaction) => {
    const { em } = transaction;
    const known = await lockPayment(em, { providerReference: charge.id });
    // A charge that is not recorded yet is known by its key.
    const payment = known ?? (charge.key === null ? null : await lockPayment(em, { chargeKey: charge.key }));
    if (!payment) return undefined;
    const pending = await recordNews(transaction, logger, { payment, charge, deadKey });
    return pending?.key;
  });
}
