import * as z from 'zod';
import { type Order, OrderStatus } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Caller, Routes } from '../context.ts';
import { pathId, readQuery } from '../input.ts';
import { seesEverything, signedIn } from '../middleware/caller.ts';
import { orderJson, orderSummaryJson, STATUS_BY_NAME, STATUS_NAMES, sagaStateOf, statusName } from '../order-record.ts';
import type { OrderWorkflows } from '../order-workflow.ts';
import { cursorJson, pageFields, present } from '../wire.ts';

const list = z.strictObject({ status: z.enum(STATUS_NAMES, 'must be a status of an order').optional(), ...pageFields });

export function orderRoutes(router: Routes, { clients, workflows }: { clients: Clients; workflows: OrderWorkflows }): void {
  const { orders, products } = clients;

  router.get('/orders', async (ctx) => {
    const { userId } = signedIn(ctx);
    const { status, limit, cursor } = readQuery(ctx, list);
    const found = await orders.calls.listOrders(
      { userId, status: status ? STATUS_BY_NAME[status] : OrderStatus.ORDER_STATUS_UNSPECIFIED, pageSize: limit, cursor },
      { deadlineMs: DEADLINES_MS.readOrder },
    );
    ctx.body = { items: found.orders.map((order) => orderSummaryJson(order)), next_cursor: cursorJson(found.nextCursor) };
  });

  router.get('/orders/:id', async (ctx) => {
    const order = await readOrder(signedIn(ctx), pathId(ctx));
    ctx.body = orderJson(order, await namesOf(order));
  });

  // The record is asked first: it knows whose order this is. What the workflow cannot tell now, the record tells.
  router.get('/orders/:id/status', async (ctx) => {
    const order = await readOrder(signedIn(ctx), pathId(ctx));
    const { view, retrying } = await workflows.progress(order.id);
    ctx.body = {
      id: order.id,
      status: statusName(order),
      saga_state: view?.sagaState ?? sagaStateOf(order),
      step: view?.step ?? undefined,
      retrying: retrying && {
        step: retrying.step,
        attempt: retrying.attempt,
        next_attempt_at: retrying.nextAttemptAt,
        last_error: retrying.lastError,
      },
      needs_attention: view?.needsAttention ?? false,
    };
  });

  /** Another user's order is not found, as orders sees to; operators and admins name no user. */
  async function readOrder(caller: Caller, orderId: string): Promise<Order> {
    const userId = seesEverything(caller) ? '' : caller.userId;
    const { order } = await orders.calls.getOrder({ orderId, userId }, { deadlineMs: DEADLINES_MS.readOrder });
    return present(order, 'an order');
  }

  async function namesOf(order: Order): Promise<ReadonlyMap<string, string>> {
    const productIds = order.lines.map(({ productId }) => productId);
    const found = await products.calls
      .getProducts({ productIds }, { deadlineMs: DEADLINES_MS.productNames })
      .catch(() => ({ products: [] }));
    return new Map(found.products.map(({ id, name }) => [id, name]));
  }
}
