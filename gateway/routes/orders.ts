import type * as z from 'zod';
import type { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { serve } from '../api/operation.ts';
import { listOrders, OPERATOR_FILTERS } from '../api/order-list.ts';
import { readOrder, readOrderStatus } from '../api/orders.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Caller, Routes } from '../context.ts';
import { pathId, readQuery } from '../input.ts';
import { seesEverything, signedIn } from '../middleware/caller.ts';
import type { OrderList } from '../order-list.ts';
import type { OrderReader } from '../order-reader.ts';
import { orderJson, orderSummaryJson } from '../order-record.ts';
import { HttpProblem } from '../problem.ts';
import { cursorJson } from '../wire.ts';

export function orderRoutes(
  router: Routes,
  { clients, orderReader, orderList }: { clients: Clients; orderReader: OrderReader; orderList: OrderList },
): void {
  const { products } = clients;

  serve(router, listOrders, async (ctx) => {
    const caller = signedIn(ctx);
    const given = readQuery(ctx, listOrders.query);
    const filters = {
      userId: userOf(caller, given),
      status: given.status,
      createdFrom: given.from,
      createdTo: given.to,
      failedStep: given.failed_step,
    };
    const page = { size: given.limit, cursor: given.cursor };
    const found = await (given.needs_attention ? orderList.needingAttention(filters, page) : orderList.all(filters, page));
    ctx.body = { items: found.orders.map((order) => orderSummaryJson(order)), next_cursor: cursorJson(found.nextCursor) };
  });

  serve(router, readOrder, async (ctx) => {
    const caller = signedIn(ctx);
    const order = await orderReader.order(caller, pathId(ctx));
    ctx.body = orderJson(order, { names: await namesOf(order), forOperator: seesEverything(caller) });
  });

  // The record is asked first: it knows whose order this is.
  serve(router, readOrderStatus, async (ctx) => {
    const order = await orderReader.order(signedIn(ctx), pathId(ctx), DEADLINES_MS.statusOrder);
    ctx.body = (await orderReader.status(order)).json;
  });

  async function namesOf(order: Order): Promise<ReadonlyMap<string, string>> {
    const productIds = order.lines.map(({ productId }) => productId);
    const found = await products.calls
      .getProducts({ productIds }, { deadlineMs: DEADLINES_MS.productNames })
      .catch(() => ({ products: [] }));
    return new Map(found.products.map(({ id, name }) => [id, name]));
  }
}

/** Customers list their own orders and are refused what operators ask by; operators list everybody's unless they name a user. */
function userOf(caller: Caller, given: z.output<typeof listOrders.query>): string | undefined {
  if (seesEverything(caller)) return given.user_id;
  const forbidden = OPERATOR_FILTERS.filter((name) => given[name] !== undefined);
  if (forbidden.length === 0) return caller.userId;
  throw new HttpProblem({
    reason: 'forbidden',
    detail: `Only operators may ask by ${forbidden.join(', ')}.`,
    members: { errors: forbidden.map((name) => ({ pointer: `/${name}`, detail: 'is for operators' })) },
  });
}
