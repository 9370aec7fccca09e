import * as z from 'zod';
import type { Event, OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import type { Database } from '../persistence/database.ts';
import { entityId } from '../rpc/fields.ts';
import type { Handlers } from '../rpc/server.ts';
import { parseRequest } from '../rpc/validate.ts';

// Events of one call when no number is given, and at most.
const PAGE_SIZE = 100;
const PAGE_SIZE_MAX = 500;

const listUnrelayedSchema = z.object({
  limit: z
    .int()
    .min(0, 'must be at least 0')
    .max(PAGE_SIZE_MAX, `must be at most ${PAGE_SIZE_MAX}`)
    .transform((limit) => limit || PAGE_SIZE),
});

const markRelayedSchema = z.object({
  eventIds: z.array(entityId).min(1, 'must have at least 1 id').max(PAGE_SIZE_MAX, `must have at most ${PAGE_SIZE_MAX} ids`),
});

/** Serves a service's outbox to the relay. */
export function createOutboxHandler({ sql }: Pick<Database, 'sql'>): Handlers<typeof OutboxServiceService> {
  return {
    async listUnrelayed(request) {
      const { limit } = parseRequest(listUnrelayedSchema, request);
      const rows = await sql.query<Row>(
        `select id, type, version, order_id, user_id, at, amount_minor, currency, facts
         from outbox where relayed_at is null order by position limit $1`,
        [limit],
      );
      return { events: rows.map(eventMessage) };
    },

    async markRelayed(request) {
      const { eventIds } = parseRequest(markRelayedSchema, request);
      await sql.query('update outbox set relayed_at = now() where id = any ($1::uuid[]) and relayed_at is null', [eventIds]);
      return {};
    },
  };
}

type Row = {
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly order_id: string | null;
  readonly user_id: string;
  readonly at: Date;
  readonly amount_minor: string | null;
  readonly currency: string | null;
  readonly facts: Record<string, string>;
};

function eventMessage({ id, type, version, order_id, user_id, at, amount_minor, currency, facts }: Row): Event {
  const amount = amount_minor === null || currency === null ? undefined : { amountMinor: Number(amount_minor), currency };
  return { id, type, version, orderId: order_id ?? '', userId: user_id, at: new Date(at), amount, facts, sequence: 0 };
}
