import type { OrderLifeActivities } from '../contracts/activities.ts';
import type { UnaryCalls } from '../platform/rpc/client.ts';
import type { OrdersServiceService } from '../proto/gen/shopfast/orders/v1/orders.ts';
import { invalidFieldOf, refusalOf } from './grpc-failure.ts';
import { moneyFrom } from './money.ts';
import { carriedThrough, forward } from './service-call.ts';

type Calls = Pick<
  UnaryCalls<OrdersServiceService>,
  'shipOrder' | 'deliverOrder' | 'requestReturn' | 'completeReturn' | 'recordIntervention'
>;

/** The calls of orders for an order after its saga. */
export function createOrderLifeActivities({
  calls,
}: {
  readonly calls: Calls;
}): Pick<OrderLifeActivities, 'shipOrder' | 'deliverOrder' | 'requestReturn' | 'completeReturn' | 'recordIntervention'> {
  return {
    shipOrder: ({ key, orderId, carrier, trackingNumber, actorId }) =>
      forward({
        rpc: 'orders.ShipOrder',
        about: { orderId },
        async send(limits) {
          await calls.shipOrder({ idempotencyKey: key, orderId, carrier, trackingNumber, actorId }, limits);
          return {};
        },
      }),

    deliverOrder: ({ key, orderId, deliveredAt, actorId }) =>
      forward({
        rpc: 'orders.DeliverOrder',
        about: { orderId },
        // When it arrived is an operator's word: a time that cannot be is for the operator to mend.
        refusal: (error) => refusalOf(error) ?? invalidFieldOf(error),
        async send(limits) {
          const at = deliveredAt === undefined ? undefined : new Date(deliveredAt);
          await calls.deliverOrder({ idempotencyKey: key, orderId, deliveredAt: at, actorId }, limits);
          return {};
        },
      }),

    requestReturn: ({ key, orderId, returnId, lines, reason, actorId }) =>
      forward({
        rpc: 'orders.RequestReturn',
        about: { orderId },
        async send(limits) {
          const request = { idempotencyKey: key, orderId, returnId, lines: [...lines], reason, actorId };
          const answer = await calls.requestReturn(request, limits);
          return { refund: moneyFrom(answer.refund), lines: answer.lines, completesOrder: answer.completesOrder };
        },
      }),

    completeReturn: ({ key, orderId, returnId }) =>
      carriedThrough({
        rpc: 'orders.CompleteReturn',
        about: { orderId },
        send: (limits) => calls.completeReturn({ idempotencyKey: key, orderId, returnId }, limits),
      }),

    recordIntervention: ({ key, orderId, actorId, action, steps, reason, reference = '' }) =>
      carriedThrough({
        rpc: 'orders.RecordIntervention',
        about: { orderId },
        send: (limits) =>
          calls.recordIntervention(
            { idempotencyKey: key, orderId, actorId, action, steps: [...steps], reason, reference },
            limits,
          ),
      }),
  };
}
