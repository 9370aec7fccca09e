import { lockOrder } from './lock-order.ts';
import type { Work } from './work.ts';

export type Shipment = {
  readonly orderId: string;
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly actorId: string | null;
};

/** PAID → SHIPPED. */
export async function shipOrder({ em }: Work, { orderId, actorId, ...parcel }: Shipment): Promise<void> {
  const { order, now } = await lockOrder(em, orderId);
  order.ship(parcel, { actorId, note: '' }, now);
}
