import { randomUUID } from 'node:crypto';
import { stepKey } from '../../contracts/ids.ts';
import type { PaymentsFixture } from './payments-fixture.ts';

export type Authorized = { readonly id: string; readonly orderId: string; readonly chargeId: string };

/** A payment of 25.99 EUR that is authorised and not captured, here and at the provider. ProcessPayment never stops there. */
export async function authorized(fixture: PaymentsFixture): Promise<Authorized> {
  const [id, orderId] = [randomUUID(), randomUUID()];
  const key = stepKey(orderId, 'pay');
  const { json } = await fixture.provider.charge(key, { amount_minor: 2_599, reference: orderId, capture: false });
  const values = [id, orderId, randomUUID(), key, json.id];
  await fixture.sql(
    `insert into payments (id, order_id, user_id, charge_key, amount_minor, currency, status, provider_reference)
     values ($1, $2, $3, $4, 2599, 'EUR', 'AUTHORIZED', $5)`,
    values,
  );
  for (const [status, type] of [
    ['PENDING', 'payment.started'],
    ['AUTHORIZED', 'payment.authorized'],
  ]) {
    await fixture.sql(
      `with event as (
         insert into outbox (id, type, order_id, user_id, amount_minor, currency, facts)
         select gen_random_uuid(), $3, order_id, user_id, amount_minor, currency, jsonb_build_object('payment_id', id)
         from payments where id = $1 returning position
       )
       insert into payment_history (payment_id, status, event_position) select $1, $2, position from event`,
      [id, status, type],
    );
  }
  return { id, orderId, chargeId: json.id };
}
