import * as z from 'zod';
import { COMPENSATION_STEPS, type SagaState } from '../../contracts/saga-steps.ts';
import type { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import type { Clients } from '../clients.ts';
import { pathId } from '../http/input.ts';
import { present } from '../http/json.ts';
import type { Route } from '../http/route.ts';
import { id, reason, step, time } from '../http/schemas.ts';
import { type Caller, seesEverything, signedIn } from '../identity/caller.ts';
import { orderJson, orderSchema, sagaStateSchema, statusSchema } from './order-json.ts';
import { recordedEnd, sagaStateOf, statusName } from './record.ts';
import type { OrderWorkflow } from './workflow/workflow.ts';

const ORDER_LIMIT_MS = 3_000;
// An order is worth showing without the names of its products.
const NAMES_LIMIT_MS = 500;
// The record is read before the workflow's progress, and again if the saga has ended meanwhile: together within 3 s.
const STATUS_ORDER_LIMIT_MS = 1_200;
const STATUS_REREAD_LIMIT_MS = 400;

export type OrderReader = ReturnType<typeof createOrderReader>;

/** Reads an order for a caller, and the progress of its saga. */
export function createOrderReader({
  orders,
  workflow,
}: {
  orders: Clients['orders'];
  workflow: Pick<OrderWorkflow, 'progress'>;
}) {
  /** Orders answers 404 for another user's order. Operators and the gateway itself name no user and may read every order. */
  async function read(caller: Caller | 'gateway', orderId: string, deadlineMs: number = ORDER_LIMIT_MS): Promise<Order> {
    const userId = caller === 'gateway' || seesEverything(caller) ? '' : caller.userId;
    const { order } = await orders.calls.getOrder({ orderId, userId }, { deadlineMs });
    return present(order, 'an order');
  }

  return {
    order: read,

    /**
     * The status from the workflow, or from the record if the workflow cannot answer. `complete` is false when only the record
     * answered and the saga has not ended in it. Then either no worker answers, or the workflow was terminated and its order is
     * not settled yet.
     */
    async status(order: Order) {
      const { saga, view, retrying } = await workflow.progress(order.id);
      // The saga may have ended after the record was read. Then the record is read again, so that the two agree.
      const ended = saga === 'ended' || (view !== undefined && isEnd(view.sagaState));
      const outdated = ended && recordedEnd(order) === 'open';
      const now = outdated ? await read('gateway', order.id, STATUS_REREAD_LIMIT_MS) : order;
      const json = {
        id: order.id,
        status: statusName(now),
        saga_state: view?.sagaState ?? sagaStateOf(now),
        step: view?.step ?? undefined,
        retrying: retrying && {
          step: retrying.step,
          attempt: retrying.attempt,
          next_attempt_at: retrying.nextAttemptAt,
          last_error: retrying.lastError,
        },
        needs_attention: view?.needsAttention ?? false,
        open_undos: view?.openUndos,
      };
      return { json, complete: saga === 'running' || (saga === 'ended' && recordedEnd(now) !== 'open') };
    },
  };
}

/** True when the saga has ended. */
export function isEnd(state: SagaState): boolean {
  return state === 'SagaCompleted' || state === 'SagaFailed';
}

export const readOrder: Route<{ readonly clients: Pick<Clients, 'products'>; readonly orderReader: OrderReader }> = {
  operation: {
    id: 'readOrder',
    method: 'GET',
    path: '/v1/orders/:id',
    tag: 'orders',
    summary: 'Read an order',
    access: 'signed-in',
    answers: { 200: { description: 'The order.', schema: orderSchema } },
  },
  handler: ({ clients: { products }, orderReader }) =>
    async function readOrderHandler(ctx) {
      const caller = signedIn(ctx);
      const order = await orderReader.order(caller, pathId(ctx));
      const productIds = order.lines.map(({ productId }) => productId);
      const found = await products.calls
        .getProducts({ productIds }, { deadlineMs: NAMES_LIMIT_MS })
        .catch(() => ({ products: [] }));
      const names = new Map(found.products.map((product) => [product.id, product.name]));
      ctx.body = orderJson(order, { names, forOperator: seesEverything(caller) });
    },
};

const orderStatusSchema = z
  .strictObject({
    id,
    status: statusSchema,
    saga_state: sagaStateSchema,
    step: step.optional().describe('The current step.'),
    retrying: z
      .strictObject({
        step,
        attempt: z.int(),
        next_attempt_at: time.nullable(),
        last_error: reason,
      })
      .optional(),
    needs_attention: z.boolean().describe('An undo keeps failing; an operator is needed.'),
    open_undos: z.array(z.enum(COMPENSATION_STEPS)).optional().describe('With needs_attention: the undos that are still open.'),
  })
  .meta({ id: 'OrderStatusView' });

export const readOrderStatus: Route<{ readonly orderReader: OrderReader }> = {
  operation: {
    id: 'readOrderStatus',
    method: 'GET',
    path: '/v1/orders/:id/status',
    tag: 'orders',
    summary: 'Read the progress of an order',
    access: 'signed-in',
    answers: { 200: { description: 'Its progress, and the step that is being retried.', schema: orderStatusSchema } },
  },
  handler: ({ orderReader }) =>
    async function readOrderStatusHandler(ctx) {
      // The record is read first, because it says which user the order belongs to.
      const order = await orderReader.order(signedIn(ctx), pathId(ctx), STATUS_ORDER_LIMIT_MS);
      ctx.body = (await orderReader.status(order)).json;
    },
};
