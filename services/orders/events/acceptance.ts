import { retryConflicts } from '../../../platform/persistence/retry.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import type { EventRecord } from './delivery-record.ts';

export type ForeignEvent = Omit<EventRecord, 'sequence'>;

/** Takes events of another service in, in the order given; those that are known by their id change nothing (migration 011). */
export async function acceptEvents(sql: Sql, events: readonly ForeignEvent[]): Promise<void> {
  await retryConflicts(() => sql.query('select accept_events($1::jsonb)', [JSON.stringify(events.map(wireRow))]));
}

function wireRow({ id, type, orderId, userId, at, amountMinor, currency, facts }: ForeignEvent, place: number) {
  return { place, id, type, order_id: orderId, user_id: userId, at, amount_minor: amountMinor, currency, facts };
}
