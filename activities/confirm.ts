import type { ConfirmCalls, OrderActivities } from '../contracts/activities.ts';

/** The two calls, one after the other in the time of one: what is not kept for the order any more must not be confirmed. */
export function createConfirmActivity({ confirmReservation, confirmOrder }: ConfirmCalls): Pick<OrderActivities, 'confirm'> {
  return {
    confirm: async ({ orderId, paymentId, stockKey, orderKey }) => {
      const kept = await confirmReservation({ orderId, key: stockKey });
      return kept.ok ? confirmOrder({ orderId, key: orderKey, paymentId }) : kept;
    },
  };
}
