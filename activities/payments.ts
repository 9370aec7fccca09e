import type { ServiceCalls } from '../contracts/activities.ts';
import type { UnaryCalls } from '../platform/rpc/client.ts';
import type { PaymentsServiceService } from '../proto/gen/shopfast/payments/v1/payments.ts';
import { carriedThrough, forward } from './service-call.ts';

type Calls = Pick<UnaryCalls<PaymentsServiceService>, 'processPayment' | 'refundPayment'>;

export function createPaymentsActivities({
  calls,
}: {
  readonly calls: Calls;
}): Pick<ServiceCalls, 'processPayment' | 'refundPayment' | 'refundReturn'> {
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

    refundReturn: ({ key, orderId, amount }) =>
      carriedThrough({
        rpc: 'payments.RefundPayment',
        about: { orderId },
        send: (limits) =>
          calls.refundPayment({ idempotencyKey: key, orderId, amount, undoesKey: '', reason: 'return_requested' }, limits),
      }),

    refundPayment: ({ key, orderId, undoesKey, reason }) =>
      carriedThrough({
        rpc: 'payments.RefundPayment',
        about: { orderId },
        // Without an amount: all that was taken.
        send: (limits) => calls.refundPayment({ idempotencyKey: key, orderId, undoesKey, reason, amount: undefined }, limits),
      }),
  };
}
