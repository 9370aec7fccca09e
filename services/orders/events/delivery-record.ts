import type { Sql } from '../../../platform/persistence/sql.ts';

export type EventRecord = {
  readonly id: string;
  readonly type: string;
  readonly orderId: string;
  readonly userId: string;
  readonly at: Date;
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly facts: Readonly<Record<string, string>>;
  readonly sequence: number;
};

export const DELIVERY_STATES = ['pending', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** A delivery as it is read, with its event. */
export type DeliveryRecord = {
  readonly id: string;
  readonly position: string;
  readonly event: EventRecord;
  /** Null: the notification sender. */
  readonly webhookId: string | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly lastError: string;
  readonly nextAttemptAt: Date;
  readonly settledAt: Date | null;
};

/** Of `delivery`, `event` and `receiver`. Amounts as numbers: none is beyond 2^53 - 1. */
export const DELIVERY_JSON = `json_build_object(
  'id', delivery.id, 'position', delivery.position::text, 'state', delivery.state, 'attempts', delivery.attempts,
  'lastError', delivery.last_error, 'nextAttemptAt', delivery.next_attempt_at, 'settledAt', delivery.settled_at,
  'webhookId', case receiver.kind when 'webhook' then receiver.id end,
  'event', json_build_object('id', event.id, 'type', event.type, 'orderId', event.order_id, 'userId', event.user_id,
    'at', event.at, 'amountMinor', event.amount_minor, 'currency', event.currency, 'facts', event.facts,
    'sequence', event.sequence))`;

/** What DELIVERY_JSON reads, with more of it to come. */
export const DELIVERY_TABLES = `event_deliveries delivery join events event on event.id = delivery.event_id
  join event_receivers receiver on receiver.id = delivery.receiver_id`;

export type DeliveryRow = Omit<DeliveryRecord, 'event' | 'nextAttemptAt' | 'settledAt'> & {
  readonly event: Omit<EventRecord, 'at'> & { readonly at: string };
  readonly nextAttemptAt: string;
  readonly settledAt: string | null;
};

export function deliveryOf({ event, nextAttemptAt, settledAt, ...rest }: DeliveryRow): DeliveryRecord {
  return {
    ...rest,
    event: { ...event, at: new Date(event.at) },
    nextAttemptAt: new Date(nextAttemptAt),
    settledAt: settledAt === null ? null : new Date(settledAt),
  };
}

export async function readDelivery(sql: Sql, deliveryId: string): Promise<DeliveryRecord | undefined> {
  const [row] = await sql.query<{ record: DeliveryRow }>(
    `select ${DELIVERY_JSON} as record from ${DELIVERY_TABLES} where delivery.id = $1::uuid`,
    [deliveryId],
  );
  return row && deliveryOf(row.record);
}
