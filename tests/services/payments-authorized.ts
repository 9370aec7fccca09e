import { randomUUID } from 'node:crypto';
import { stepKey } from '../../contracts/ids.ts';
import type { PaymentsFixture } from './payments-fixture.ts';

export type Authorized = { readonly id: string; readonly orderId: string; readonly chargeId: string };

/** A payment of 25.99 EUR that is authorised and not captured, here and at the provider. ProcessPayment never stops there. */
export async function authorized(fixture: PaymentsFixture): Promise<Authorized> {
  const [id, orderId] = [randomUUID(), randomUUID()];
  const key = stepKey(orderId, 'pay');
  const { json } = await fixture.provider.charge(key, { amount_minor: 2_599, reference: orderId, capture: false });
  await fixture.sql(
    `with payment as (
       insert into payments (id, order_id, user_id, charge_key, amount_minor, currency, status, provider_reference)
       values ($1, $2, $3, $4, 2599, 'EUR', 'AUTHORIZED', $5) returning id
     )
     insert into payment_history (payment_id, status)
     select id, status from payment, unnest(array['PENDING', 'AUTHORIZED']) with ordinality as step (status, place) order by place`,
    [id, orderId, randomUUID(), key, json.id],
  );
  return { id, orderId, chargeId: json.id };
}
