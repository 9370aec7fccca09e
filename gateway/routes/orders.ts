import { type Order, OrderStatus } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { serve } from '../api/operation.ts';
import { listOrders, readOrder, readOrderStatus } from '../api/orders.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Routes } from '../context.ts';
import { pathId, readQuery } from '../input.ts';
import { seesEverything, signedIn } from '../middleware/caller.ts';
import type { OrderReader } from '../order-reader.ts';
import { orderJson, orderSummaryJson, STATUS_BY_NAME } from '../order-record.ts';
import { cursorJson } from '../wire.ts';

export function orderRoutes(router: Routes, { clients, orderReader }: { clients: Clients; orderReader: OrderReader }): void {
  const { orders, products } = clients;

  serve(router, listOrders, async (ctx) => {
    const { userId } = signedIn(ctx);
    const { status, limit, cursor } = readQuery(ctx, listOrders.query);
    const found = await orders.calls.listOrders(
      {
        userId,
        status: status ? STATUS_BY_NAME[status] : OrderStatus.ORDER_STATUS_UNSPECIFIED,
        orderIds: [],
        pageSize: limit,
        cursor,
      },
      { deadlineMs: DEADLINES_MS.readOrder },
    );
    ctx.body = { items: found.orders.map((order) => orderSummaryJson(order)), next_cursor: cursorJson(found.nextCursor) };
  });

  serve(router, readOrder, async (ctx) => {
    const caller = signedIn(ctx);
    const order = await orderReader.order(caller, pathId(ctx));
    ctx.body = orderJson(order, { names: await namesOf(order), forOperator: seesEverything(caller) });
  });

  // The record is asked first: it knows whose order this is.
  serve(router, readOrderStatus, async (ctx) => {
    const order = await orderReader.order(signedIn(ctx), pathId(ctx));
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
