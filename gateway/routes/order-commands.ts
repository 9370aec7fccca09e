/** What can be asked of an order after it was placed. The order is read first: it knows whose it is. */
import { createHash } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import type * as z from 'zod';
import {
  cancelUpdate,
  deliverUpdate,
  requestReturnUpdate,
  resolveCompensationUpdate,
  retryCompensationUpdate,
  shipUpdate,
} from '../../contracts/order-commands.ts';
import type { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { serve } from '../api/operation.ts';
import {
  cancelOrder,
  deliverOrder,
  resolveCompensation,
  retryCompensation,
  returnOrder,
  shipOrder,
} from '../api/order-commands.ts';
import type { RouteCtx, Routes } from '../context.ts';
import { scopedKey } from '../idempotency-key.ts';
import { pathId, readBody } from '../input.ts';
import { seesEverything, signedIn } from '../middleware/caller.ts';
import type { Commanded, OrderCommands } from '../order-commands.ts';
import type { OrderReader } from '../order-reader.ts';
import { orderJson, orderPath } from '../order-record.ts';
import { RETRY_AFTER_S } from '../problem.ts';
import { moneyJson } from '../wire.ts';

export function orderCommandRoutes(
  router: Routes,
  { orderReader, commands }: { readonly orderReader: OrderReader; readonly commands: OrderCommands },
): void {
  serve(router, cancelOrder, async (ctx) => {
    const { order, given } = await asked(ctx, cancelOrder.body);
    const { reason } = given;
    await answer(ctx, order, await commands.send(order, cancelUpdate, { actorId: signedIn(ctx).userId, reason }, []));
  });

  serve(router, shipOrder, async (ctx) => {
    const { order, given } = await asked(ctx, shipOrder.body);
    const { carrier, tracking_number: trackingNumber } = given;
    const command = { actorId: signedIn(ctx).userId, carrier, trackingNumber };
    await answer(ctx, order, await commands.send(order, shipUpdate, command, [carrier, trackingNumber]));
  });

  serve(router, deliverOrder, async (ctx) => {
    const { order, given } = await asked(ctx, deliverOrder.body);
    const { delivered_at: deliveredAt } = given;
    const command = { actorId: signedIn(ctx).userId, ...(deliveredAt === undefined ? {} : { deliveredAt }) };
    await answer(ctx, order, await commands.send(order, deliverUpdate, command, [deliveredAt ?? '']));
  });

  serve(router, returnOrder, async (ctx) => {
    const { order, given } = await asked(ctx, returnOrder.body);
    const { lines = [], reason } = given;
    const command = {
      actorId: signedIn(ctx).userId,
      returnId: returnIdOf(ctx),
      lines: lines.map(({ product_id: productId, quantity }) => ({ productId, quantity })),
      reason,
    };
    const units = command.lines.map(({ productId, quantity }) => `${productId} ${quantity}`).sort();
    const returned = await commands.send(order, requestReturnUpdate, command, [command.returnId, reason, ...units]);
    if (returned.state === 'going on') return answer(ctx, order, returned);
    const { returnId, refund } = returned.answer;
    ctx.status = 201;
    ctx.set('Location', orderPath(order.id));
    ctx.body = {
      id: returnId,
      refund: moneyJson(refund),
      lines: returned.answer.lines.map(({ productId, quantity }) => ({ product_id: productId, quantity })),
    };
  });

  for (const { operation, update } of [
    { operation: retryCompensation, update: retryCompensationUpdate },
    { operation: resolveCompensation, update: resolveCompensationUpdate },
  ]) {
    serve(router, operation, async (ctx) => {
      const { order, given } = await asked(ctx, operation.body);
      await answer(ctx, order, await commands.send(order, update, { actorId: signedIn(ctx).userId, ...given }, null));
    });
  }

  /** What is wrong in itself is refused before anybody is asked. */
  async function asked<T>(ctx: RouteCtx, body: z.ZodType<T>): Promise<{ readonly order: Order; readonly given: T }> {
    const orderId = pathId(ctx);
    const given = await readBody(ctx, body);
    return { order: await orderReader.order(signedIn(ctx), orderId), given };
  }

  /** The order as it is now; 202 while the command goes on. */
  async function answer(ctx: RouteCtx, { id }: Order, { state }: Pick<Commanded<unknown>, 'state'>): Promise<void> {
    const caller = signedIn(ctx);
    ctx.status = state === 'done' ? 200 : 202;
    if (state === 'going on') ctx.set('Retry-After', String(RETRY_AFTER_S));
    ctx.body = orderJson(await orderReader.order(caller, id), { forOperator: seesEverything(caller) });
  }
}

/** The same key is the same return; without one every request is a return of its own. */
function returnIdOf(ctx: RouteCtx): string {
  if (ctx.get('idempotency-key') === '') return uuid();
  const key = `${pathId(ctx)}:${scopedKey(ctx, 'return-order')}`;
  // A version 8 UUID (RFC 9562) of the key: the same on every gateway and after a restart.
  const hex = createHash('sha256').update(key).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
