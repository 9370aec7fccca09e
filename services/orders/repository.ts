/**
 * The saga's writes: one statement each. A move locks the order, checks its status as it is then, changes the order and
 * appends to its history; it returns the status that it found, and has done nothing unless that was one to move from.
 */
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Sql } from '../../platform/persistence/sql.ts';
import type { ListOf, Position } from './cursor.ts';
import { type Address, Order, type OrderStatus, statusesBefore } from './entity.ts';
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

export async function insertOrder(sql: Sql, orderId: string, submission: Submission): Promise<void> {
  const { clientId, userId, lines, paymentMethod, shippingAddress } = submission;
  await sql.query(
    `with submitted as (
       insert into orders (id, client_id, user_id, status, payment_method, shipping_address)
       values ($1, $2, $3, 'SUBMITTED', $4, $5::jsonb) returning id, status
     ), lines as (
       insert into order_lines (order_id, product_id, position, quantity)
       select submitted.id, line.product_id, line.position, line.quantity
       from submitted, unnest($6::uuid[], $7::integer[]) with ordinality as line (product_id, quantity, position)
     )
     insert into order_history (order_id, status) select id, status from submitted`,
    [
      orderId,
      clientId,
      userId,
      paymentMethod,
      shippingAddress === undefined ? null : JSON.stringify(shippingAddress),
      lines.map((line) => line.productId),
      lines.map((line) => line.quantity),
    ],
  );
}

/** The order's status and submitted lines; nobody else changes it until the transaction ends. */
export async function lockOrder(
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
     insert into order_history (order_id, previous_status, status)
     select reserved.id, step.previous_status, step.status
     from reserved, (values ('SUBMITTED', 'CREATED'), ('CREATED', 'RESERVED')) as step (previous_status, status)`,
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

/** Moves to PAID. Undefined: no such order. */
export async function payOrder(sql: Sql, orderId: string, paymentId: string): Promise<OrderStatus | undefined> {
  const [found] = await sql.query<{ status: OrderStatus }>(
    `with found as (select id, status from orders where id = $1 for update),
     moved as (
       update orders set status = 'PAID', payment_id = $3, updated_at = now()
       from found where orders.id = found.id and found.status = any($2) returning orders.id
     ), recorded as (
       insert into order_history (order_id, previous_status, status)
       select moved.id, found.status, 'PAID' from moved join found using (id)
     )
     select status from found`,
    [orderId, statusesBefore('PAID'), paymentId],
  );
  return found?.status;
}

/** Moves to CANCELLED with its reason. Undefined: no such order. */
export async function cancelOrder(
  sql: Sql,
  { orderId, reason, failedStep }: { orderId: string; reason: string; failedStep: string | null },
): Promise<OrderStatus | undefined> {
  const [found] = await sql.query<{ status: OrderStatus }>(
    `with found as (select id, status from orders where id = $1 for update),
     moved as (
       update orders set status = 'CANCELLED', failure_step = $3, failure_reason = $4, updated_at = now()
       from found where orders.id = found.id and found.status = any($2) returning orders.id
     ), recorded as (
       insert into order_history (order_id, previous_status, status, reason)
       select moved.id, found.status, 'CANCELLED', $4 from moved join found using (id)
     )
     select status from found`,
    [orderId, statusesBefore('CANCELLED'), failedStep, reason],
  );
  return found?.status;
}

/** One order with its lines and history, all of one instant: one statement reads them. */
export function findOrder(em: EntityManager, where: { id: string; userId?: string }): Promise<Order | null> {
  return em.findOne(Order, where, { populate: ['lines', 'history'], strategy: 'joined' });
}

/** A user's orders with their lines, newest first, from after `position`. */
export function listOrders(
  em: EntityManager,
  { list, after, limit }: { list: ListOf; after: Position | undefined; limit: number },
): Promise<Order[]> {
  const { userId, status } = list;
  // The first condition is implied by the second; it is the one that an index can seek to.
  const beyond = after && {
    createdAt: { $lte: after.createdAt },
    $or: [{ createdAt: { $lt: after.createdAt } }, { id: { $lt: after.id } }],
  };
  return em.find(
    Order,
    { userId, ...(status && { status }), ...beyond },
    { populate: ['lines'], strategy: 'select-in', orderBy: { createdAt: 'desc', id: 'desc' }, limit },
  );
}
