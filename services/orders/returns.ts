/**
 * What comes back of a shipped order.
 *
 * RT1 Never more than was bought, however many ask at once: the order is locked while it is decided.
 * RT2 Refunds add up: never above the total, and exactly the total when everything is back.
 * RT3 The order is RETURNED exactly when every unit is in a completed return.
 * The migration upholds RT1 and RT3 again in the database.
 */
import { once } from '../../platform/idempotency/once.ts';
import type { Database } from '../../platform/persistence/database.ts';
import { violatedUnique } from '../../platform/persistence/retry.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import { CompleteReturnResponse, RequestReturnResponse } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { illegalTransition, orderNotFound, returnIdTaken, returnNotFound } from './errors.ts';
import type { Keyed } from './fulfilment.ts';
import { type AgreedReturn, agreeOnReturn, type Bought, type BoughtLine, type WantedUnits } from './refunds.ts';
import { lockOrder } from './repository.ts';

export type ReturnRequest = {
  readonly orderId: string;
  readonly returnId: string;
  /** Each product once; empty: everything that is left. */
  readonly lines: readonly WantedUnits[];
  readonly reason: string;
  readonly actorId: string;
};

export function createReturns(database: Database) {
  return {
    async requestReturn(keyed: Keyed, request: ReturnRequest): Promise<RequestReturnResponse> {
      const operation = { ...keyed, operation: 'RequestReturn', response: RequestReturnResponse };
      const { response } = await once(database, operation, async ({ sql }) => {
        const { orderId } = request;
        const status = await lockOrder(sql, orderId);
        if (!status) throw orderNotFound(orderId);
        if (status !== 'SHIPPED' && status !== 'DELIVERED') throw illegalTransition(status, 'RETURNED');
        const { currency, ...bought } = await boughtOf(sql, orderId);
        const agreed = agreeOnReturn(bought, request.lines);
        await storeOnce(sql, request, agreed);
        const refund = { amountMinor: agreed.refundMinor, currency };
        return { refund, lines: [...agreed.lines], completesOrder: agreed.completesOrder };
      });
      return response;
    },

    /** The money is back and so are the goods. A return that is complete stays so, under whatever key that is told again. */
    async completeReturn(
      keyed: Keyed,
      { orderId, returnId }: { orderId: string; returnId: string },
    ): Promise<CompleteReturnResponse> {
      const operation = { ...keyed, operation: 'CompleteReturn', response: CompleteReturnResponse, known: {} };
      const { response } = await once(database, operation, async ({ sql }) => {
        const status = await lockOrder(sql, orderId);
        if (!status) throw orderNotFound(orderId);
        const completed = await sql.query(
          `update returns set completed_at = greatest(now(), requested_at)
           where id = $1::uuid and order_id = $2::uuid and completed_at is null returning id`,
          [returnId, orderId],
        );
        if (completed.length === 0) await requireReturn(sql, { orderId, returnId });
        else if (await everythingIsBack(sql, orderId)) await returnOrder(sql, { orderId, returnId });
        return {};
      });
      return response;
    },
  };
}

async function boughtOf(sql: Sql, orderId: string): Promise<Bought & { readonly currency: string }> {
  const [row] = await sql.query<{ bought: Bought & { currency: string; lines: BoughtLine[] } }>(
    `select json_build_object(
       'currency', currency, 'subtotalMinor', subtotal_minor, 'taxMinor', tax_minor, 'totalMinor', total_minor,
       'refundedMinor', (select coalesce(sum(refund_minor), 0) from returns where order_id = orders.id),
       'lines', (
         select json_agg(json_build_object('productId', product_id, 'quantity', quantity, 'unitPriceMinor', unit_price_minor,
           'returned', coalesce((
             select sum(back.quantity) from return_lines back join returns on returns.id = back.return_id
             where returns.order_id = order_lines.order_id and back.product_id = order_lines.product_id), 0)) order by position)
         from order_lines where order_id = orders.id)
     ) as bought from orders where id = $1::uuid`,
    [orderId],
  );
  if (!row) throw new Error('A locked order is gone');
  return row.bought;
}

async function storeOnce(sql: Sql, request: ReturnRequest, agreed: AgreedReturn): Promise<void> {
  try {
    await storeReturn(sql, request, agreed);
  } catch (error: unknown) {
    if (violatedUnique(error) === 'returns_pkey') throw returnIdTaken(request.returnId);
    throw error;
  }
}

/** A transaction that waited for the order began before what it waited for; the return is dated after that. */
async function storeReturn(
  sql: Sql,
  { orderId, returnId, actorId, reason }: ReturnRequest,
  { lines, refundMinor }: AgreedReturn,
): Promise<void> {
  await sql.query(
    `with changed as (
       update orders set updated_at = greatest(now(), updated_at) where id = $2::uuid returning id, updated_at
     ), stored as (
       insert into returns (id, order_id, actor_id, reason, refund_minor, requested_at)
       select $1::uuid, id, $3::uuid, $4, $5::bigint, updated_at from changed returning id
     )
     insert into return_lines (return_id, product_id, quantity)
     select stored.id, line.product_id, line.quantity
     from stored, unnest($6::uuid[], $7::integer[]) as line (product_id, quantity)`,
    [
      returnId,
      orderId,
      actorId,
      reason,
      refundMinor,
      lines.map(({ productId }) => productId),
      lines.map(({ quantity }) => quantity),
    ],
  );
}

async function everythingIsBack(sql: Sql, orderId: string): Promise<boolean> {
  const [row] = await sql.query<{ all: boolean }>(
    `select not exists (
       select from order_lines line where line.order_id = $1::uuid and line.quantity > coalesce((
         select sum(back.quantity) from return_lines back join returns on returns.id = back.return_id
         where returns.order_id = line.order_id and back.product_id = line.product_id and returns.completed_at is not null), 0)
     ) as all`,
    [orderId],
  );
  return row?.all ?? false;
}

async function requireReturn(sql: Sql, { orderId, returnId }: { orderId: string; returnId: string }): Promise<void> {
  const found = await sql.query('select from returns where id = $1::uuid and order_id = $2::uuid', [returnId, orderId]);
  if (found.length === 0) throw returnNotFound(returnId);
}

/** Moves a locked order to RETURNED; who asked for the last return, and why, is who returned the order. */
async function returnOrder(sql: Sql, { orderId, returnId }: { orderId: string; returnId: string }): Promise<void> {
  await sql.query(
    `with returned as (
       update orders set status = 'RETURNED', updated_at = greatest(now(), updated_at) where id = $1::uuid returning id
     )
     insert into order_history (order_id, status, actor_id, note)
     select returned.id, 'RETURNED', back.actor_id, back.reason from returned, returns back where back.id = $2::uuid`,
    [orderId, returnId],
  );
}
