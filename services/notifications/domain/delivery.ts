import { defineEntity, p } from '@mikro-orm/core';
import { refused } from './errors.ts';
import { Event } from './event.ts';
import { Receiver } from './receiver.ts';

export const DELIVERY_STATES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** One event for one receiver. Planned, claimed and settled by store/deliveries.ts. */
export const DeliverySchema = defineEntity({
  name: 'Delivery',
  tableName: 'deliveries',
  properties: {
    id: p.uuid().primary(),
    /** In the list of all deliveries. */
    position: p.bigint('number').unique(),
    event: () => p.manyToOne(Event),
    receiver: () => p.manyToOne(Receiver),
    /** Of the event: the order of deliveries within their queue. */
    streamId: p.uuid(),
    sequence: p.integer(),
    state: p.text().$type<DeliveryState>().default('pending'),
    /** Attempts that were settled. */
    attempts: p.integer().default(0),
    /** Failed attempts since it was planned or replayed. */
    failures: p.integer().default(0),
    lastError: p.text().default(''),
    /** Under which it was settled last. */
    settledLeaseId: p.uuid().nullable(),
    settledAt: p.datetime().nullable(),
  },
});

export class Delivery extends DeliverySchema.class {
  /** Pending, with all its attempts before it again. */
  replay(): void {
    if (!this.receiver.active) {
      throw refused('illegal_transition', 'The webhook of this delivery was removed', { webhook_id: this.receiver.id });
    }
    this.state = 'pending';
    this.settledAt = null;
    this.failures = 0;
  }
}
DeliverySchema.setClass(Delivery);
