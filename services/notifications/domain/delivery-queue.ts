import { defineEntity, p } from '@mikro-orm/core';

/** The pending deliveries of one stream to one receiver, oldest first; there is none while nothing is pending. */
export const DeliveryQueueSchema = defineEntity({
  name: 'DeliveryQueue',
  tableName: 'delivery_queues',
  properties: {
    receiverId: p.uuid().primary(),
    streamId: p.uuid().primary(),
    /** When the oldest delivery may be claimed: its next attempt, or when its lease expires. */
    dueAt: p.datetime().defaultRaw('now()'),
    /** The delivery in flight, and under which lease; null: none. */
    deliveryId: p.uuid().nullable(),
    leaseId: p.uuid().nullable(),
  },
});

export class DeliveryQueue extends DeliveryQueueSchema.class {
  /** Due now, unless a delivery is in flight. */
  hasten(now: Date): void {
    if (this.leaseId === null && this.dueAt > now) this.dueAt = now;
  }
}
DeliveryQueueSchema.setClass(DeliveryQueue);
