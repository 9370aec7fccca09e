import type { ServiceCalls } from '../contracts/activities.ts';
import type { UnaryCalls } from '../platform/rpc/client.ts';
import type { OrdersServiceService } from '../proto/gen/shopfast/orders/v1/orders.ts';
import { confirmedOrderFrom } from './confirmed-order.ts';
import { moneyFrom } from './money.ts';
import { carriedThrough, forward } from './service-call.ts';

// The limits of CancelOrder's facts.
const FACTS_MAX = 16;
const FACT_LENGTH_MAX = 200;
const FACT_NAME = /^[a-z_]{1,64}$/;

type Calls = Pick<UnaryCalls<OrdersServiceService>, 'createOrder' | 'confirmOrder' | 'cancelOrder'>;

export function createOrdersActivities({
  calls,
}: {
  readonly calls: Calls;
}): Pick<ServiceCalls, 'createOrder' | 'confirmOrder' | 'cancelOrder'> {
  return {
    createOrder: ({ key, orderId, lines }) =>
      forward({
        rpc: 'orders.CreateOrder',
        about: { orderId },
        async send(limits) {
          const { totals } = await calls.createOrder({ idempotencyKey: key, orderId, lines: [...lines] }, limits);
          return { total: moneyFrom(totals?.total) };
        },
      }),

    confirmOrder: ({ key, orderId, paymentId }) =>
      forward({
        rpc: 'orders.ConfirmOrder',
        about: { orderId },
        async send(limits) {
          const { order } = await calls.confirmOrder({ idempotencyKey: key, orderId, paymentId }, limits);
          return { order: confirmedOrderFrom(order) };
        },
      }),

    cancelOrder: ({ key, orderId, undoesKey, reason, failedStep, facts, actorId = '', note = '' }) =>
      carriedThrough({
        rpc: 'orders.CancelOrder',
        about: { orderId },
        send(limits) {
          const why = { reason, failedStep: failedStep ?? '', facts: storable(facts), actorId, note };
          return calls.cancelOrder({ idempotencyKey: key, orderId, undoesKey, ...why }, limits);
        },
      }),
  };
}

/**
 * What orders takes of the facts: they come from whichever service refused, and an undo must not be refused because one of
 * them says more than another stores.
 */
export function storable(facts: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(facts).filter(([name]) => FACT_NAME.test(name));
  return Object.fromEntries(
    named.slice(0, FACTS_MAX).map(([name, value]) => [
      name,
      value
        .replace(/\p{Cc}/gu, ' ')
        .normalize('NFC')
        .slice(0, FACT_LENGTH_MAX),
    ]),
  );
}
