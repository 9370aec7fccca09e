import { defineEntity, p } from '@mikro-orm/core';
import { type EntityManager, LockMode } from '@mikro-orm/postgresql';
import { type EmittedEvent, Event, streamOf } from './event.ts';

/**
 * The end of the log. Its one row is locked by every transaction that appends events, and by those that add or remove a receiver:
 *
 * LG1 Positions become visible in their order. A reader at the end of the log misses no event that commits late.
 * LG2 A receiver gets exactly the events between the positions at which it was added and removed.
 */
export const EventLogSchema = defineEntity({
  name: 'EventLog',
  tableName: 'event_log',
  properties: {
    id: p.integer().primary().autoincrement(false),
    /** Of the newest event; 0 while there is none. */
    lastPosition: p.bigint('number').defaultRaw('0'),
  },
});

// The row of the only log.
const LOG_ID = 1;

export class EventLog extends EventLogSchema.class {
  append(emitted: EmittedEvent, sequence: number): Event {
    this.lastPosition += 1;
    const event = new Event();
    return Object.assign(event, emitted, { position: this.lastPosition, streamId: streamOf(emitted), sequence });
  }
}
EventLogSchema.setClass(EventLog);

/** Waits until no other transaction holds the log, then holds it until this one ends. */
export function lockLog(em: EntityManager): Promise<EventLog> {
  return em.findOneOrFail(EventLog, LOG_ID, { lockMode: LockMode.PESSIMISTIC_WRITE });
}
