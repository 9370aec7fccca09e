/** The calls of the saga: SubmitOrder, CreateOrder, ConfirmOrder and their undo, CancelOrder. */
import { createIdempotent } from '../../../platform/idempotency/idempotent.ts';
import { hashRequest, tombstone } from '../../../platform/idempotency/record.ts';
import { parseRequest } from '../../../platform/rpc/validate.ts';
import { annotate } from '../../../platform/telemetry/context.ts';
import {
  CancelOrderRequest,
  CancelOrderResponse,
  ConfirmOrderRequest,
  CreateOrderRequest,
  CreateOrderResponse,
  SubmitOrderRequest,
} from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import { cancelOrder } from '../domain/cancel-order.ts';
import { confirmOrder } from '../domain/confirm-order.ts';
import { createOrder } from '../domain/create-order.ts';
import { submitOrder } from '../domain/submit-order.ts';
import { createCurrentOrder } from './current-order.ts';
import type { Dependencies, OrdersHandlers } from './dependencies.ts';
import { toStatus } from './errors.ts';
import { confirmedOrderMessage, orderMessage, totalsMessage } from './messages.ts';
import { cancelOrderSchema, confirmOrderSchema, createOrderSchema, submitOrderSchema } from './requests.ts';

type SagaHandlers = Pick<OrdersHandlers, 'submitOrder' | 'createOrder' | 'confirmOrder' | 'cancelOrder'>;

export function sagaHandlers({ database, snapshot, charges }: Dependencies): SagaHandlers {
  const idempotent = createIdempotent(database, toStatus);
  const currentOrder = createCurrentOrder(database, snapshot);
  return {
    async submitOrder(request) {
      const { idempotencyKey, ...submission } = parseRequest(submitOrderSchema, request);
      const { clientId, userId, lines } = submission;
      annotate({ userId });
      // Scoped by client and user, so that keys of different users never collide.
      const key = `submit:${clientId}:${userId}:${idempotencyKey}`;
      // The same lines in another order are the same submission.
      const sorted = lines.toSorted((a, b) => (a.productId < b.productId ? -1 : 1));
      const requestHash = hashRequest(SubmitOrderRequest.encode({ ...submission, lines: sorted, idempotencyKey: '' }).finish());
      const { order, replayed } = await currentOrder({ key, operation: 'SubmitOrder', requestHash }, (transaction) =>
        submitOrder(transaction, submission),
      );
      annotate({ orderId: order.id });
      return { order: orderMessage(order), replayed };
    },

    createOrder: idempotent(
      { operation: 'CreateOrder', request: CreateOrderRequest, response: CreateOrderResponse, schema: createOrderSchema },
      async (given, transaction) => ({ totals: totalsMessage(await createOrder(transaction, given, charges)) }),
    ),

    async confirmOrder(request) {
      const { idempotencyKey: key, ...given } = parseRequest(confirmOrderSchema, request);
      annotate({ orderId: given.orderId });
      const requestHash = hashRequest(ConfirmOrderRequest.encode(request).finish());
      const { order } = await currentOrder({ key, operation: 'ConfirmOrder', requestHash }, (transaction) =>
        confirmOrder(transaction, given),
      );
      return { order: confirmedOrderMessage(order) };
    },

    cancelOrder: idempotent(
      {
        operation: 'CancelOrder',
        request: CancelOrderRequest,
        response: CancelOrderResponse,
        schema: cancelOrderSchema,
        // Without the reason: a later attempt that gives another one must not be refused. The first reason is kept.
        identity: ({ idempotencyKey, orderId, undoesKey }) =>
          CancelOrderRequest.fromPartial({ idempotencyKey, orderId, undoesKey }),
      },
      async ({ undoesKey, ...cancellation }, { em, sql }) => {
        // First the key, then the order's row: CreateOrder locks in the same sequence, so that the two never deadlock.
        await tombstone(sql, undoesKey, 'CreateOrder');
        await cancelOrder({ em }, cancellation);
        return {};
      },
    ),
  };
}
