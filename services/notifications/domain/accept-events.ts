import type { EntityManager } from '@mikro-orm/postgresql';
import type { Transaction } from '../../../platform/persistence/database.ts';
import type { DeliveryStore } from './delivery-store.ts';
import { type EmittedEvent, streamOf } from './event.ts';
import { lockLog } from './event-log.ts';

type EventsTable = { readonly events: { readonly id: string; readonly stream_id: string; readonly sequence: number } };

/** Appends events to the log, in the order given, and plans their deliveries. An event whose id is known changes nothing. */
export async function acceptEvents(
  { em, sql }: Transaction,
  store: Pick<DeliveryStore, 'plan'>,
  emitted: readonly EmittedEvent[],
): Promise<void> {
  const log = await lockLog(em);
  const before = log.lastPosition;
  const unknown = await unknownOf(em, emitted);
  const sequences = await lastSequences(em, unknown);
  for (const event of unknown) {
    const stream = streamOf(event);
    const sequence = (sequences.get(stream) ?? 0) + 1;
    sequences.set(stream, sequence);
    em.persist(log.append(event, sequence));
  }
  if (unknown.length === 0) return;
  await em.flush();
  await store.plan(sql, before);
}

async function unknownOf(em: EntityManager, emitted: readonly EmittedEvent[]): Promise<EmittedEvent[]> {
  const byId = new Map(emitted.toReversed().map((event) => [event.id, event]));
  const known = await em
    .getKysely<EventsTable>()
    .selectFrom('events')
    .select('id')
    .where((where) => where('id', '=', where.fn.any(where.val([...byId.keys()]))))
    .execute();
  for (const { id } of known) byId.delete(id);
  return emitted.filter((event) => byId.get(event.id) === event);
}

async function lastSequences(em: EntityManager, events: readonly EmittedEvent[]): Promise<Map<string, number>> {
  const streams = [...new Set(events.map(streamOf))];
  const last = await em
    .getKysely<EventsTable>()
    .selectFrom('events')
    .select(({ fn }) => ['stream_id', fn.max('sequence').as('sequence')])
    .where((where) => where('stream_id', '=', where.fn.any(where.val(streams))))
    .groupBy('stream_id')
    .execute();
  return new Map(last.map(({ stream_id, sequence }) => [stream_id, sequence]));
}
