import type { Database } from '../../../platform/persistence/database.ts';
import type { EventRecord } from './delivery-record.ts';

// Whoever takes events in waits for whoever does already: of an order that is not known here there is no row to lock. Any
// constant does, the database is our own.
const ACCEPTANCE_LOCK = 7_230_902;

export type ForeignEvent = Omit<EventRecord, 'sequence'>;

/**
 * Takes events of another service in, in the order given. The orders are locked first, all in one order and in a statement of
 * its own, so that the numbers that follow are those after whatever the orders' own changes told.
 */
export async function acceptEvents(database: Database, events: readonly ForeignEvent[]): Promise<void> {
  await database.transaction(async ({ sql }) => {
    await sql.query('select pg_advisory_xact_lock($1)', [ACCEPTANCE_LOCK]);
    const orderIds = [...new Set(events.map(({ orderId }) => orderId))];
    await sql.query('select from orders where id = any($1::uuid[]) order by id for no key update', [orderIds]);
    await sql.query(
      `insert into events (id, type, order_id, sequence, user_id, at, amount_minor, currency, facts)
       select id, type, order_id, (select coalesce(max(sequence), 0) from events where order_id = given.order_id)
         + row_number() over (partition by order_id order by place), user_id, at, amount_minor, currency, facts
       from (
         select distinct on (id) * from jsonb_to_recordset($1::jsonb) as event
           (place integer, id uuid, type text, order_id uuid, user_id uuid, at timestamptz, amount_minor bigint, currency text,
            facts jsonb)
         where not exists (select from events where events.id = event.id) order by id, place
       ) as given
       order by place`,
      [JSON.stringify(events.map(wireRow))],
    );
  });
}

function wireRow({ id, type, orderId, userId, at, amountMinor, currency, facts }: ForeignEvent, place: number) {
  return { place, id, type, order_id: orderId, user_id: userId, at, amount_minor: amountMinor, currency, facts };
}
