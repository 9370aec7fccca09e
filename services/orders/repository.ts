/**
 * The saga's statements, few and short. Whoever decides by what it read locks the order first, in a statement of its
 * own: a statement that locks and writes at once checks constraints against the row as it was before the lock.
 */
import type { Effect } from '../../platform/idempotency/record.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import { type Address, type OrderStatus, statusesBefore } from './entity.ts';
import type { PricedLine, Totals } from './totals.ts';

export type SubmittedLine = { readonly productId: string; readonly quantity: number };

export type Submission = {
  readonly clientId: string;
  readonly userId: string;
  /** In the customer's order, each product once. */
  readonly lines: readonly SubmittedLine[];
  readonly paymentMethod: string;
  readonly shippingAddress: Address | undefined;
};

/** Why an order was cancelled. */
export type Failure = {
  readonly reason: string;
  /** Null: cancelled by request. */
  readonly failedStep: string | null;
  /** Facts behind the reason that are safe to show. */
  readonly facts: Readonly<Record<string, string>>;
} & Asked;

/** Who asked for a change, and in which words; null and empty: the platform itself. */
export type Asked = { readonly actorId: string | null; readonly note: string };

export type Intervention = {
  readonly orderId: string;
  readonly actorId: string;
  readonly action: 'retry' | 'resolve';
  readonly steps: readonly string[];
  readonly reason: string;
  readonly reference: string;
};

/** What a submission writes, for the statement that claims its key. */
export function orderInserted(orderId: string, submission: Submission): Effect {
  const { clientId, userId, lines, paymentMethod, shippingAddress } = submission;
  return {
    sql: `submitted as (
       insert into orders (id, client_id, user_id, status, payment_method, shipping_address)
       select $7::uuid, $8, $9::uuid, 'SUBMITTED', $10, $11::jsonb from claimed returning id, status, created_at
     ), lines as (
       insert into order_lines (order_id, product_id, position, quantity)
       select submitted.id, line.product_id, line.position, line.quantity
       from submitted, unnest($12::uuid[], $13::integer[]) with ordinality as line (product_id, quantity, position)
     ), noted as (
       insert into order_history (order_id, status) select id, status from submitted
     )`,
    values: [
      orderId,
      clientId,
      userId,
      paymentMethod,
      shippingAddress === undefined ? null : JSON.stringify(shippingAddress),
      lines.map((line) => line.productId),
      lines.map((line) => line.quantity),
    ],
    // When, in milliseconds since 1970.
    returns: '(select (extract(epoch from created_at) * 1000)::bigint from submitted)',
  };
}

/** The order's status; nobody else changes it until the transaction ends. Undefined: no such order. */
export async function lockOrder(sql: Sql, orderId: string): Promise<OrderStatus | undefined> {
  const [row] = await sql.query<{ status: OrderStatus }>('select status from orders where id = $1 for update', [orderId]);
  return row?.status;
}

/** The same with the submitted lines. */
export async function lockOrderWithLines(
  sql: Sql,
  orderId: string,
): Promise<{ status: OrderStatus; lines: readonly SubmittedLine[] } | undefined> {
  const [row] = await sql.query<{ status: OrderStatus; lines: SubmittedLine[] }>(
    `select status, (
       select json_agg(json_build_object('productId', product_id, 'quantity', quantity))
       from order_lines where order_id = orders.id
     ) as lines
     from orders where id = $1 for update`,
    [orderId],
  );
  return row;
}

/** Writes prices and totals and moves a locked, SUBMITTED order through CREATED to RESERVED. */
export async function reserveOrder(
  sql: Sql,
  { orderId, lines, totals }: { orderId: string; lines: readonly PricedLine[]; totals: Totals },
): Promise<void> {
  await sql.query(
    `with reserved as (
       update orders set status = 'RESERVED', currency = $2, subtotal_minor = $3, tax_minor = $4, shipping_minor = $5,
         total_minor = $6, updated_at = now()
       where id = $1 returning id
     ), priced as (
       update order_lines set unit_price_minor = line.price_minor, line_total_minor = line.price_minor * quantity
       from unnest($7::uuid[], $8::bigint[]) as line (product_id, price_minor)
       where order_lines.order_id = $1 and order_lines.product_id = line.product_id
     )
     insert into order_history (order_id, status)
     select reserved.id, step.status from reserved, (values (1, 'CREATED'), (2, 'RESERVED')) as step (place, status)
     order by step.place`,
    [
      orderId,
      totals.currency,
      totals.subtotalMinor,
      totals.taxMinor,
      totals.shippingMinor,
      totals.totalMinor,
      lines.map((line) => line.productId),
      lines.map((line) => line.unitPriceMinor),
    ],
  );
}

/** Moves a locked, RESERVED order to PAID. */
export async function payOrder(sql: Sql, orderId: string, paymentId: string): Promise<void> {
  await sql.query(
    `with paid as (
       update orders set status = 'PAID', payment_id = $2, updated_at = now() where id = $1 returning id
     )
     insert into order_history (order_id, status) select id, 'PAID' from paid`,
    [orderId, paymentId],
  );
}

/**
 * Moves to CANCELLED with its reason, unless the order has gone where cancelling is illegal; from there it never comes
 * back, so false is final. No lock is needed: an update that waited for another's looks at the status again.
 */
export async function cancelOrder(
  sql: Sql,
  { orderId, reason, failedStep, facts, actorId, note }: Failure & { orderId: string },
): Promise<boolean> {
  const moved = await sql.query(
    `with cancelled as (
       update orders set status = 'CANCELLED', failure_step = $3, failure_reason = $4, failure_facts = $5::jsonb, updated_at = now()
       where id = $1 and status = any($2) returning id
     )
     insert into order_history (order_id, status, reason, actor_id, note)
     select id, 'CANCELLED', $4, $6::uuid, $7 from cancelled returning order_id`,
    [orderId, statusesBefore('CANCELLED'), failedStep, reason, JSON.stringify(facts), actorId, note],
  );
  return moved.length > 0;
}

/** Moves a locked, PAID order to SHIPPED. A transaction that waited for the lock began before it; it ships after it. */
export async function shipOrder(
  sql: Sql,
  {
    orderId,
    carrier,
    trackingNumber,
    actorId,
  }: { orderId: string; carrier: string; trackingNumber: string; actorId: string | null },
): Promise<void> {
  await sql.query(
    `with shipped as (
       update orders set status = 'SHIPPED', carrier = $2, tracking_number = $3, shipped_at = greatest(now(), updated_at),
         updated_at = greatest(now(), updated_at)
       where id = $1 returning id
     )
     insert into order_history (order_id, status, actor_id) select id, 'SHIPPED', $4::uuid from shipped`,
    [orderId, carrier, trackingNumber, actorId],
  );
}

/** Where a time lies, for a shipped order. */
export async function placeInTime(sql: Sql, orderId: string, at: Date): Promise<{ afterShipping: boolean; past: boolean }> {
  const [row] = await sql.query<{ afterShipping: boolean; past: boolean }>(
    `select $2::timestamptz >= shipped_at as "afterShipping", $2::timestamptz <= now() as past from orders where id = $1`,
    [orderId, at],
  );
  if (!row) throw new Error('A locked order is gone');
  return row;
}

/** Moves a locked, SHIPPED order to DELIVERED; without a time: now. */
export async function deliverOrder(
  sql: Sql,
  delivery: { orderId: string; deliveredAt: Date | undefined; reason: string; actorId: string | null },
): Promise<void> {
  await sql.query(
    `with delivered as (
       update orders set status = 'DELIVERED', delivered_at = coalesce($2::timestamptz, greatest(now(), shipped_at)),
         updated_at = greatest(now(), updated_at)
       where id = $1 returning id
     )
     insert into order_history (order_id, status, reason, actor_id) select id, 'DELIVERED', $3, $4::uuid from delivered`,
    [delivery.orderId, delivery.deliveredAt ?? null, delivery.reason, delivery.actorId],
  );
}

/** Moves a locked order to a status that needs nothing more. */
export async function moveOrder(
  sql: Sql,
  { orderId, status, reason }: { orderId: string; status: OrderStatus; reason: string },
): Promise<void> {
  await sql.query(
    `with moved as (
       update orders set status = $2, updated_at = greatest(now(), updated_at) where id = $1 returning id, status
     )
     insert into order_history (order_id, status, reason) select id, status, $3 from moved`,
    [orderId, status, reason],
  );
}

/** False: there is no such order. */
export async function interventionNoted(sql: Sql, intervention: Intervention): Promise<boolean> {
  const { orderId, actorId, action, steps, reason, reference } = intervention;
  const noted = await sql.query(
    `insert into order_interventions (order_id, actor_id, action, steps, reason, reference)
     select id, $2::uuid, $3, $4, $5, $6 from orders where id = $1::uuid returning order_id`,
    [orderId, actorId, action, steps.join(' '), reason, reference],
  );
  return noted.length > 0;
}
