import type { OrderActivities } from '../contracts/activities.ts';
import type { UnaryCalls } from '../platform/grpc/client.ts';
import type { OrdersServiceService } from '../proto/gen/shopfast/orders/v1/orders.ts';
import { moneyFrom } from './money.ts';
import { forward, undo } from './service-call.ts';

type Calls = Pick<UnaryCalls<OrdersServiceService>, 'createOrder' | 'confirmOrder' | 'cancelOrder'>;

export function createOrdersActivities({
  calls,
}: {
  readonly calls: Calls;
}): Pick<OrderActivities, 'createOrder' | 'confirmOrder' | 'cancelOrder'> {
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
          await calls.confirmOrder({ idempotencyKey: key, orderId, paymentId }, limits);
          return {};
        },
      }),

    cancelOrder: ({ key, orderId, undoesKey, reason, failedStep }) =>
      undo({
        rpc: 'orders.CancelOrder',
        about: { orderId },
        send: (limits) =>
          calls.cancelOrder({ idempotencyKey: key, orderId, undoesKey, reason, failedStep: failedStep ?? '' }, limits),
      }),
  };
}
