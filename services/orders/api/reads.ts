import { evaluate } from '../../../platform/audit/evaluate.ts';
import type { Database } from '../../../platform/persistence/database.ts';
import { parseRequest } from '../../../platform/rpc/validate.ts';
import { annotate } from '../../../platform/telemetry/context.ts';
import { RULES } from '../audit/rules.ts';
import { getOrder } from '../domain/reads/get-order.ts';
import { listOrders } from '../domain/reads/list-orders.ts';
import { listEffects } from '../store/effects.ts';
import type { Snapshot } from '../store/snapshot.ts';
import { answering } from './errors.ts';
import type { OrdersHandlers } from './handler.ts';
import { effectMessage, listedOrderMessage, orderMessage } from './messages.ts';
import { getOrderSchema, listEffectsSchema, listOrdersSchema } from './requests.ts';

type ReadHandlers = Pick<OrdersHandlers, 'getOrder' | 'listOrders' | 'audit' | 'listEffects'>;

export function readHandlers({ database, snapshot }: { readonly database: Database; readonly snapshot: Snapshot }): ReadHandlers {
  return {
    async getOrder(request) {
      const given = parseRequest(getOrderSchema, request);
      annotate({ orderId: given.orderId });
      return { order: orderMessage(await answering(snapshot((reading) => getOrder(reading, given)))) };
    },

    async listOrders(request) {
      const { pageSize: size, cursor, createdFrom, createdTo, ...given } = parseRequest(listOrdersSchema, request);
      if (given.userId !== '') annotate({ userId: given.userId });
      const list = { ...given, createdFrom, createdTo };
      const page = await answering(listOrders(database.read(), list, { size, cursor }));
      return { orders: page.orders.map(listedOrderMessage), nextCursor: page.nextCursor };
    },

    async audit() {
      return { findings: await evaluate(database, RULES) };
    },

    async listEffects(request) {
      const { page } = parseRequest(listEffectsSchema, request);
      const { effects, nextCursor } = await listEffects(database.sql, page);
      return { effects: effects.map(effectMessage), nextCursor };
    },
  };
}
