/** The saga's steps as they usually go, each in one statement. What speaks against them is found out and told by reservations.ts. */
import * as z from 'zod';
import type { AtOnce } from '../../platform/idempotency/at-once.ts';
import type { Codec } from '../../platform/idempotency/once.ts';
import { ReserveInventoryResponse } from '../../proto/gen/shopfast/products/v1/products.ts';
import type { WantedLine } from './repository.ts';

/**
 * All lines are held. What is offered is looked at first, without a lock; the answer is made of it, and holds only if the locked
 * rows still say the same. Products are locked in the order of their ids, as everywhere.
 */
export function heldAtOnce(order: {
  readonly orderId: string;
  readonly lines: readonly WantedLine[];
  readonly ttlMs: number;
}): AtOnce {
  return {
    fit: `offered as materialized (
       select product_id, quantity, position, active, stock_quantity - reserved_quantity as available, price_minor, currency
       from unnest($6::uuid[], $7::integer[]) with ordinality as wanted (product_id, quantity, position)
       join products on products.id = product_id
     ), fit as (
       select json_build_object(
         'lines', json_agg(json_build_object('productId', product_id, 'quantity', quantity, 'amountMinor', price_minor,
           'currency', currency) order by position),
         'expiresAtMs', extract(epoch from now() + $8::integer * interval '1 millisecond') * 1000
       ) as answer
       from offered
       having count(*) = cardinality($6::uuid[]) and bool_and(active and available >= quantity) and count(distinct currency) = 1
     )`,
    answer: `convert_to(fit.answer::text, 'UTF8')`,
    effect: `locked as materialized (
       select p.id, offered.quantity, p.active and p.stock_quantity - p.reserved_quantity >= offered.quantity
         and p.price_minor = offered.price_minor and p.currency = offered.currency as same
       from claimed cross join offered join products p on p.id = offered.product_id
       order by p.id for no key update of p
     ), verdict as materialized (select from locked having bool_and(same)),
     hold as (
       insert into reservations (order_id, state, expires_at)
       select $5::uuid, 'held', now() + $8::integer * interval '1 millisecond' from verdict returning order_id
     ), lines as (
       insert into reservation_lines (order_id, product_id, quantity)
       select $5::uuid, id, quantity from locked cross join verdict
     ), taken as (
       update products p set reserved_quantity = p.reserved_quantity + locked.quantity
       from locked cross join verdict where p.id = locked.id
     ), moved as (
       insert into stock_movements (product_id, kind, stock_delta, reserved_delta, order_id)
       select id, 'reserve', 0, quantity, $5::uuid from locked cross join verdict
     ), done as (select order_id from hold)`,
    values: [order.orderId, order.lines.map((line) => line.productId), order.lines.map((line) => line.quantity), order.ttlMs],
  };
}

/** A live hold is confirmed. */
export function confirmedAtOnce(orderId: string): AtOnce {
  return {
    fit: `fit as (select from reservations where order_id = $5::uuid and state = 'held' and expires_at > now())`,
    effect: `done as (
       update reservations set state = 'confirmed', expires_at = null
       from claimed where order_id = $5::uuid and state = 'held' and expires_at > now() returning order_id
     )`,
    values: [orderId],
  };
}

const heldSchema = z.object({
  lines: z.array(z.object({ productId: z.string(), quantity: z.int(), amountMinor: z.int(), currency: z.string() })),
  expiresAtMs: z.number(),
});

const OPENING_BRACE = 0x7b;

/**
 * The stored answer of a reserve: JSON where the statement that reserved wrote it, a message otherwise. A message of this type
 * never begins with a brace, which would be the tag of a group.
 */
export const storedReserve: Codec<ReserveInventoryResponse> = {
  encode: (message) => ReserveInventoryResponse.encode(message),
  decode(bytes) {
    if (bytes[0] !== OPENING_BRACE) return ReserveInventoryResponse.decode(bytes);
    const { lines, expiresAtMs } = heldSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    return {
      lines: lines.map(({ productId, quantity, amountMinor, currency }) => ({
        productId,
        quantity,
        unitPrice: { amountMinor, currency },
      })),
      expiresAt: new Date(expiresAtMs),
    };
  },
};
