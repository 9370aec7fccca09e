/** The activities of an order's life without services: what is asked of them is kept in the order's calls. */
import type { OrderLifeActivities, Refusal } from '../../../contracts/activities.ts';

export const REFUND = { amountMinor: 1_190, currency: 'EUR' };

export type LifeActivityName = keyof OrderLifeActivities;

/** `act` answers with the refusal that the order's script wants, if any. */
export function createFakeLife(
  act: (activity: LifeActivityName, orderId: string, input: object & { readonly key: string }) => Promise<Refusal | undefined>,
): OrderLifeActivities {
  const left = new Map<string, number>();
  return {
    commitReservation: async (input) => (await act('commitReservation', input.orderId, input)) ?? { ok: true },
    shipOrder: async (input) => (await act('shipOrder', input.orderId, input)) ?? { ok: true },
    deliverOrder: async (input) => (await act('deliverOrder', input.orderId, input)) ?? { ok: true },
    async requestReturn(input) {
      const refusal = await act('requestReturn', input.orderId, input);
      if (refusal) return refusal;
      // An order of these tests has two units of one product.
      const units = left.get(input.orderId) ?? 2;
      const wanted = input.lines.reduce((sum, { quantity }) => sum + quantity, 0) || units;
      left.set(input.orderId, units - wanted);
      return { ok: true, refund: REFUND, lines: input.lines, completesOrder: wanted === units };
    },
    refundReturn: async (input) => void (await act('refundReturn', input.orderId, input)),
    restockReturn: async (input) => void (await act('restockReturn', input.orderId, input)),
    recordIntervention: async (input) => void (await act('recordIntervention', input.orderId, input)),
    completeReturn: async (input) => void (await act('completeReturn', input.orderId, input)),
  };
}
