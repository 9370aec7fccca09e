/**
 * The statements that move stock. Each locks the products it touches in the order of their ids, so that two orders with
 * the same products wait for each other and never deadlock, and each writes the ledger in the statement that moves the row.
 */
import type { Sql } from '../../platform/persistence/sql.ts';

export type WantedLine = { readonly productId: string; readonly quantity: number };

/** A wanted line and what was found of its product. */
export type CheckedLine = WantedLine & {
  readonly found?: {
    readonly active: boolean;
    readonly available: number;
    readonly priceMinor: number;
    readonly currency: string;
  };
};

type ReserveRow = {
  product_id: string;
  quantity: number;
  active: boolean | null;
  available: number;
  price_minor: string;
  currency: string;
  expires_at_ms: number | null;
};

// Decides under the locks, for all lines at once; what follows the verdict happens for every line or for none.
const RESERVE = `
with wanted as (
  select product_id, quantity, position from unnest($2::uuid[], $3::integer[]) with ordinality as line (product_id, quantity, position)
), locked as materialized (
  select p.id, w.quantity, p.active, p.price_minor, p.currency, p.stock_quantity - p.reserved_quantity as available
  from products p join wanted w on w.product_id = p.id
  order by p.id
  for no key update of p
), verdict as materialized (
  select count(*) = cardinality($2::uuid[]) and bool_and(active and available >= quantity) and count(distinct currency) = 1 as granted
  from locked
), hold as (
  insert into reservations (order_id, state, expires_at)
  select $1::uuid, 'held', now() + $4::integer * interval '1 millisecond' from verdict where granted
  returning expires_at
), lines as (
  insert into reservation_lines (order_id, product_id, quantity)
  select $1::uuid, locked.id, locked.quantity from locked cross join verdict where granted
), taken as (
  update products p set reserved_quantity = p.reserved_quantity + locked.quantity
  from locked cross join verdict where granted and p.id = locked.id
), moved as (
  insert into stock_movements (product_id, kind, stock_delta, reserved_delta, order_id)
  select locked.id, 'reserve', 0, locked.quantity, $1::uuid from locked cross join verdict where granted
)
select w.product_id, w.quantity, l.active, l.available, l.price_minor, l.currency,
       (select extract(epoch from expires_at) * 1000 from hold)::float8 as expires_at_ms
from wanted w left join locked l on l.id = w.product_id
order by w.position`;

/** Reserves all lines or none. `expiresAt` is absent when none: then the lines tell why. */
export async function reserve(
  sql: Sql,
  order: { readonly orderId: string; readonly lines: readonly WantedLine[]; readonly ttlMs: number },
): Promise<{ readonly lines: readonly CheckedLine[]; readonly expiresAt?: Date }> {
  const ids = order.lines.map((line) => line.productId);
  const quantities = order.lines.map((line) => line.quantity);
  const rows = await sql.query<ReserveRow>(RESERVE, [order.orderId, ids, quantities, order.ttlMs]);
  const expiresAtMs = rows[0]?.expires_at_ms ?? null;
  return { lines: rows.map(checked), ...(expiresAtMs === null ? {} : { expiresAt: new Date(expiresAtMs) }) };
}

function checked(row: ReserveRow): CheckedLine {
  const line = { productId: row.product_id, quantity: row.quantity };
  if (row.active === null) return line;
  const { active, available, currency } = row;
  return { ...line, found: { active, available, priceMinor: Number(row.price_minor), currency } };
}

/** True: the order's live hold is confirmed now. False: it has none. */
export async function confirmHold(sql: Sql, orderId: string): Promise<boolean> {
  const confirmed = await sql.query(
    `update reservations set state = 'confirmed', expires_at = null
     where order_id = $1::uuid and state = 'held' and expires_at > now() returning order_id`,
    [orderId],
  );
  return confirmed.length > 0;
}

/** When the order's live hold ends from now on; undefined: it has none. A hold is never made shorter. */
export async function extendHold(sql: Sql, orderId: string, ttlMs: number): Promise<Date | undefined> {
  const [extended] = await sql.query<{ expires_at_ms: number }>(
    `update reservations
     set expires_at = greatest(expires_at, now() + $2::integer * interval '1 millisecond'), updated_at = now()
     where order_id = $1::uuid and state = 'held' and expires_at > now()
     returning (extract(epoch from expires_at) * 1000)::float8 as expires_at_ms`,
    [orderId, ttlMs],
  );
  return extended && new Date(extended.expires_at_ms);
}

/** What this reservation took leaves the building. The caller has committed it in this transaction. */
export async function takeOut(sql: Sql, orderId: string): Promise<void> {
  await sql.query(
    `with locked as materialized (
       select p.id, l.quantity from products p join reservation_lines l on l.product_id = p.id
       where l.order_id = $1::uuid order by p.id for no key update of p
     ), shipped as (
       update products p
       set stock_quantity = p.stock_quantity - locked.quantity, reserved_quantity = p.reserved_quantity - locked.quantity
       from locked where p.id = locked.id
     )
     insert into stock_movements (product_id, kind, stock_delta, reserved_delta, order_id)
     select id, 'commit', -quantity, -quantity, $1::uuid from locked`,
    [orderId],
  );
}

export type Restocked = WantedLine & { readonly returnable: number };

/**
 * Puts units of a committed reservation back on the shelf, all lines or none; the caller has locked the reservation. The lines
 * tell what could come back of each before.
 */
export async function putBack(
  sql: Sql,
  back: { readonly orderId: string; readonly returnId: string; readonly lines: readonly WantedLine[] },
): Promise<readonly Restocked[]> {
  const { orderId, returnId, lines } = back;
  const rows = await sql.query<{ product_id: string; quantity: number; returnable: string }>(
    `with wanted as materialized (
       select w.product_id, w.quantity, coalesce(l.quantity, 0) - coalesce((
         select sum(stock_delta) from stock_movements m
         where m.order_id = $1::uuid and m.product_id = w.product_id and m.kind = 'return'), 0) as returnable
       from unnest($3::uuid[], $4::integer[]) as w (product_id, quantity)
       left join reservation_lines l on l.order_id = $1::uuid and l.product_id = w.product_id
     ), verdict as materialized (select bool_and(quantity <= returnable) as granted from wanted),
     locked as materialized (
       select p.id, w.quantity from products p join wanted w on w.product_id = p.id cross join verdict
       where granted order by p.id for no key update of p
     ), returned as (
       update products p set stock_quantity = p.stock_quantity + locked.quantity from locked where p.id = locked.id
     ), moved as (
       insert into stock_movements (product_id, kind, stock_delta, reserved_delta, order_id, return_id)
       select id, 'return', quantity, 0, $1::uuid, $2::uuid from locked
     )
     select product_id, quantity, returnable from wanted`,
    [orderId, returnId, lines.map(({ productId }) => productId), lines.map(({ quantity }) => quantity)],
  );
  return rows.map((row) => ({ productId: row.product_id, quantity: row.quantity, returnable: Number(row.returnable) }));
}

/** Expires holds that are past their time, oldest first, and skips those somebody else is deciding about. */
export async function expireDue(sql: Sql, limit: number): Promise<readonly string[]> {
  const expired = await sql.query<{ order_id: string }>(
    `with due as materialized (
       select order_id from reservations where state = 'held' and expires_at <= now()
       order by expires_at limit $1::integer for update skip locked
     )
     update reservations r set state = 'expired' from due where r.order_id = due.order_id returning r.order_id`,
    [limit],
  );
  return expired.map((row) => row.order_id);
}

/** Makes what these reservations took available again. The caller has ended them in this transaction. */
export async function giveBack(sql: Sql, orderIds: readonly string[], kind: 'release' | 'expire'): Promise<void> {
  await sql.query(
    `with ended as (
       select order_id, product_id, quantity from reservation_lines where order_id = any($1::uuid[])
     ), back as (
       select product_id, sum(quantity)::integer as quantity from ended group by product_id
     ), locked as materialized (
       select p.id, back.quantity from products p join back on back.product_id = p.id order by p.id for no key update of p
     ), returned as (
       update products p set reserved_quantity = p.reserved_quantity - locked.quantity from locked where p.id = locked.id
     )
     insert into stock_movements (product_id, kind, stock_delta, reserved_delta, order_id)
     select product_id, $2, 0, -quantity, order_id from ended`,
    [orderIds, kind],
  );
}

/** A change of the stock that no order made. The caller changes the product's row in this transaction. */
export async function recordStock(
  sql: Sql,
  movement: { readonly productId: string; readonly kind: 'initial' | 'adjust'; readonly delta: number; readonly reason: string },
): Promise<void> {
  await sql.query(
    `insert into stock_movements (product_id, kind, stock_delta, reserved_delta, reason) values ($1::uuid, $2, $3::integer, 0, $4)`,
    [movement.productId, movement.kind, movement.delta, movement.reason],
  );
}
