/**
 * Events that orders is to take in. Triggers write them (migration 005), so that no statement can forget one; they are
 * relayed in the order of a payment's changes and stay afterwards.
 */
import * as z from 'zod';
import type { Sql } from '../../platform/persistence/sql.ts';
import { entityId } from '../../platform/rpc/fields.ts';
import type { Handlers } from '../../platform/rpc/server.ts';
import { parseRequest } from '../../platform/rpc/validate.ts';
import type { Event, OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';

// Events of one call when no number is given, and at most: AcceptEvents takes no more.
const EVENTS = 100;
const EVENTS_MAX = 500;

const listUnrelayedSchema = z.object({
  limit: z
    .int()
    .min(0, 'must be at least 0')
    .max(EVENTS_MAX, `must be at most ${EVENTS_MAX}`)
    .transform((limit) => limit || EVENTS),
});

const markRelayedSchema = z.object({ eventIds: z.array(entityId).max(EVENTS_MAX, `must be at most ${EVENTS_MAX} ids`) });

export function createOutboxHandler(sql: Sql): Handlers<typeof OutboxServiceService> {
  return {
    // Not "after the last one seen": a transaction that commits late has an earlier place, and is seen the next time.
    async listUnrelayed(request) {
      const { limit } = parseRequest(listUnrelayedSchema, request);
      const rows = await sql.query<{ event: Row }>(
        `select json_build_object('id', id, 'type', type, 'orderId', order_id, 'userId', user_id, 'at', at,
           'amount', json_build_object('amountMinor', amount_minor, 'currency', currency), 'facts', facts) as event
         from outbox where relayed_at is null order by position limit (select $1::integer)`,
        [limit],
      );
      return { events: rows.map(({ event }) => ({ ...event, at: new Date(event.at), sequence: 0 })) };
    },

    async markRelayed(request) {
      const { eventIds } = parseRequest(markRelayedSchema, request);
      await sql.query('update outbox set relayed_at = now() where id = any($1::uuid[]) and relayed_at is null', [eventIds]);
      return {};
    },
  };
}

type Row = Omit<Event, 'at' | 'sequence'> & { readonly at: string };
