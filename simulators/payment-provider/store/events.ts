/** Events that are not delivered yet (PR5 of open.ts). */
import { v7 as uuid } from 'uuid';
import type { Sql } from '../../../platform/persistence/sql.ts';

export type EventType = 'charge.captured' | 'charge.refunded' | 'charge.disputed';

export type ProviderEvent = {
  readonly id: string;
  readonly type: EventType;
  readonly charge_id: string;
  readonly created_at: Date;
  readonly attempts: number;
};

export function newEventId(): string {
  return `evt_${uuid()}`;
}

/** In the transaction of the change that it reports. */
export async function storeEvent(sql: Sql, type: EventType, chargeId: string): Promise<void> {
  await sql.query('insert into events (id, type, charge_id) values ($1, $2, $3)', [newEventId(), type, chargeId]);
}

/** Takes due events, each for the duration of a lease: nobody else sends them meanwhile. */
export async function takeDue(sql: Sql, { limit, leaseMs }: { readonly limit: number; readonly leaseMs: number }) {
  return sql.query<ProviderEvent>(
    `update events set attempts = attempts + 1, next_attempt_at = now() + $2::integer * interval '1 millisecond'
     where id in (select id from events where next_attempt_at <= now() order by next_attempt_at limit $1 for update skip locked)
     returning id, type, charge_id, created_at, attempts`,
    [limit, leaseMs],
  );
}

export async function removeDelivered(sql: Sql, id: string): Promise<void> {
  await sql.query('delete from events where id = $1', [id]);
}

export async function postpone(sql: Sql, id: string, delayMs: number): Promise<void> {
  await sql.query(`update events set next_attempt_at = now() + $2::integer * interval '1 millisecond' where id = $1`, [
    id,
    delayMs,
  ]);
}
