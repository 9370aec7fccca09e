import type { EntityManager, FilterQuery } from '@mikro-orm/postgresql';
import { Order } from '../order.ts';
import type { Work } from '../work.ts';
import { decodeCursor, encodeCursor, type ListOf, type Position } from './cursor.ts';

export type OrderPage = { readonly orders: Order[]; readonly nextCursor: string };

/** One page, newest first, with lines. An empty cursor begins the list; an empty next cursor ends it. */
export async function listOrders(
  { em }: Work,
  list: ListOf,
  { size, cursor }: { readonly size: number; readonly cursor: string },
): Promise<OrderPage> {
  const after = cursor === '' ? undefined : decodeCursor(list, cursor);
  // One more than asked for shows whether there is a next page.
  const found = await ordersAfter(em, { list, after, limit: size + 1 });
  const orders = found.slice(0, size);
  const last = orders.at(-1);
  return { orders, nextCursor: last && found.length > size ? encodeCursor(list, last) : '' };
}

function ordersAfter(
  em: EntityManager,
  { list, after, limit }: { list: ListOf; after: Position | undefined; limit: number },
): Promise<Order[]> {
  return em.find(
    Order,
    { $and: [...conditionsOf(list), ...(after ? beyond(after) : [])] },
    { populate: ['lines'], strategy: 'select-in', orderBy: { createdAt: 'desc', id: 'desc' }, limit },
  );
}

function conditionsOf({ userId, status, createdFrom, createdTo, failedStep, orderIds }: ListOf): FilterQuery<Order>[] {
  return [
    ...(userId ? [{ userId }] : []),
    ...(status ? [{ status }] : []),
    ...(createdFrom ? [{ createdAt: { $gte: createdFrom } }] : []),
    ...(createdTo ? [{ createdAt: { $lt: createdTo } }] : []),
    ...(failedStep ? [{ failureStep: failedStep }] : []),
    ...(orderIds.length > 0 ? [{ id: { $in: [...orderIds] } }] : []),
  ];
}

/** (created_at, id) < the position, with a first condition that an index can seek to. */
function beyond({ createdAt, id }: Position): FilterQuery<Order>[] {
  return [{ createdAt: { $lte: createdAt } }, { $or: [{ createdAt: { $lt: createdAt } }, { id: { $lt: id } }] }];
}
