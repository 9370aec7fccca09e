import type { OrderActivities } from '../contracts/activities.ts';
import type { UnaryCalls } from '../platform/grpc/client.ts';
import type { PaymentsServiceService } from '../proto/gen/shopfast/payments/v1/payments.ts';
import { forward, undo } from './service-call.ts';

type Calls = Pick<UnaryCalls<PaymentsServiceService>, 'processPayment' | 'refundPayment'>;

export function createPaymentsActivities({
  calls,
}: {
  readonly calls: Calls;
}): Pick<OrderActivities, 'processPayment' | 'refundPayment'> {
  return {
    processPayment: ({ key, orderId, userId, amount, paymentMethod }) =>
      forward({
        rpc: 'payments.ProcessPayment',
        about: { orderId, userId },
        async send(limits) {
          const request = { idempotencyKey: key, orderId, userId, amount, paymentMethod };
          const { paymentId } = await calls.processPayment(request, limits);
          return { paymentId };
        },
      }),

    refundPayment: ({ key, orderId, undoesKey, reason }) =>
      undo({
        rpc: 'payments.RefundPayment',
        about: { orderId },
        // Without an amount: all that was taken.
        send: (limits) => calls.refundPayment({ idempotencyKey: key, orderId, undoesKey, reason, amount: undefined }, limits),
      }),
  };
}
