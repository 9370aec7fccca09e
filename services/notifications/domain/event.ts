import { defineEntity, p } from '@mikro-orm/core';

/** An accepted event. The events of an order form a stream; so do the events of a user that belong to no order. */
export const EventSchema = defineEntity({
  name: 'Event',
  tableName: 'events',
  properties: {
    id: p.uuid().primary(),
    /** In the log; 1 is the first. */
    position: p.bigint('number').unique(),
    type: p.text(),
    /** Of the type's facts. */
    version: p.integer(),
    orderId: p.uuid().nullable(),
    userId: p.uuid(),
    /** The order's id, or the user's for an event without an order. */
    streamId: p.uuid(),
    /** In the stream; 1 is the first. */
    sequence: p.integer(),
    /** When it happened. */
    at: p.datetime(3),
    acceptedAt: p.datetime().defaultRaw('clock_timestamp()'),
    amountMinor: p.bigint('number').nullable(),
    currency: p.character().length(3).nullable(),
    facts: p.json<Readonly<Record<string, string>>>(),
  },
});

export class Event extends EventSchema.class {}
EventSchema.setClass(Event);

/** An event as its service emitted it. */
export type EmittedEvent = {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly orderId: string | null;
  readonly userId: string;
  readonly at: Date;
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly facts: Readonly<Record<string, string>>;
};

export function streamOf({ orderId, userId }: Pick<EmittedEvent, 'orderId' | 'userId'>): string {
  return orderId ?? userId;
}
