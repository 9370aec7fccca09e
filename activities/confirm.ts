import type { ConfirmCalls, OrderActivities } from '../contracts/activities.ts';

/** Both calls, one after the other within one attempt. An order whose stock is not held any more must not be confirmed. */
export function createConfirmActivity({ confirmReservation, confirmOrder }: ConfirmCalls): Pick<OrderActivities, 'confirm'> {
  return {
    confirm: async ({ orderId, paymentId, stockKey, orderKey }) => {
      const kept = await confirmReservation({ orderId, key: stockKey });
      return kept.ok ? confirmOrder({ orderId, key: orderKey, paymentId }) : kept;
    },
  };
}
