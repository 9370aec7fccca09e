import { createHash } from 'node:crypto';
import type { Sql } from '../../../platform/persistence/sql.ts';
import {
  DELIVERY_JSON,
  DELIVERY_TABLES,
  type DeliveryRecord,
  type DeliveryRow,
  type DeliveryState,
  deliveryOf,
} from './delivery-record.ts';
import { malformedCursor } from './errors.ts';

/** The list of what fits everything that is given; null: any. */
export type DeliveriesOf = {
  readonly state: DeliveryState | null;
  readonly webhookId: string | null;
  readonly orderId: string | null;
};

/** One page, newest first. An empty cursor begins the list; an empty next cursor ends it. */
export async function listDeliveries(
  sql: Sql,
  list: DeliveriesOf,
  { size, cursor }: { readonly size: number; readonly cursor: string },
): Promise<{ deliveries: DeliveryRecord[]; nextCursor: string }> {
  const before = cursor === '' ? null : decode(list, cursor);
  const rows = await sql.query<{ record: DeliveryRow }>(
    `select ${DELIVERY_JSON} as record from ${DELIVERY_TABLES}
     where ($1::text is null or delivery.state = $1) and ($2::uuid is null or delivery.receiver_id = $2)
       and ($3::uuid is null or delivery.event_id = any (array(select id from events where order_id = $3))) and ($4::bigint is null or delivery.position < $4)
     order by delivery.position desc limit $5`,
    // One more than asked for tells whether there is a next page.
    [list.state, list.webhookId, list.orderId, before, size + 1],
  );
  const deliveries = rows.slice(0, size).map(({ record }) => deliveryOf(record));
  const last = deliveries.at(-1);
  return { deliveries, nextCursor: last && rows.length > size ? encode(list, last.position) : '' };
}

const POSITION_BYTES = 8;
const CHECK_BYTES = 8;

/** The position and a check over it and its list: against mistakes, as every page is filtered as its list is anyway. */
function encode(list: DeliveriesOf, position: string): string {
  const bytes = Buffer.alloc(POSITION_BYTES);
  bytes.writeBigInt64BE(BigInt(position));
  return Buffer.concat([bytes, checkOf(list, bytes)]).toString('base64url');
}

/** Throws INVALID_ARGUMENT for anything that `encode` did not make for this list. */
function decode(list: DeliveriesOf, cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(0, POSITION_BYTES);
  // Decoding skips what is not base64url: only the one spelling counts.
  const intact =
    bytes.length === POSITION_BYTES + CHECK_BYTES &&
    bytes.toString('base64url') === cursor &&
    bytes.subarray(POSITION_BYTES).equals(checkOf(list, position));
  if (!intact) throw malformedCursor();
  return String(position.readBigInt64BE());
}

function checkOf({ state, webhookId, orderId }: DeliveriesOf, position: Buffer): Buffer {
  const filters = [state, webhookId, orderId].map((filter) => filter ?? '').join('|');
  return createHash('sha256').update(`deliveries|${filters}|`).update(position).digest().subarray(0, CHECK_BYTES);
}
