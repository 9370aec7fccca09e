import { parseRequest } from '../../../platform/rpc/validate.ts';
import { annotate } from '../../../platform/telemetry/context.ts';
import { getOrder } from '../domain/reads/get-order.ts';
import { listOrders } from '../domain/reads/list-orders.ts';
import type { Dependencies, OrdersHandlers } from './dependencies.ts';
import { effectMessage, listedOrderMessage, orderMessage } from './messages.ts';
import { getOrderSchema, listEffectsSchema, listOrdersSchema } from './requests.ts';

type ReadHandlers = Pick<OrdersHandlers, 'getOrder' | 'listOrders' | 'audit' | 'listEffects'>;

export function readHandlers({ database, snapshot, listEffects, audit }: Dependencies): ReadHandlers {
  return {
    async getOrder(request) {
      const given = parseRequest(getOrderSchema, request);
      annotate({ orderId: given.orderId });
      return { order: orderMessage(await snapshot((work) => getOrder(work, given))) };
    },

    async listOrders(request) {
      const { pageSize: size, cursor, createdFrom, createdTo, ...given } = parseRequest(listOrdersSchema, request);
      if (given.userId !== '') annotate({ userId: given.userId });
      const list = { ...given, createdFrom, createdTo };
      const page = await listOrders(database.read(), list, { size, cursor });
      return { orders: page.orders.map(listedOrderMessage), nextCursor: page.nextCursor };
    },

    async audit() {
      return { findings: await audit() };
    },

    async listEffects(request) {
      const { page } = parseRequest(listEffectsSchema, request);
      const { effects, nextCursor } = await listEffects(page);
      return { effects: effects.map(effectMessage), nextCursor };
    },
  };
}
