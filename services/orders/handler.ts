import { hashRequest } from '../../platform/idempotency/record.ts';
import type { Handlers } from '../../platform/rpc/server.ts';
import { parseRequest } from '../../platform/rpc/validate.ts';
import { annotate } from '../../platform/telemetry/context.ts';
import {
  CancelOrderRequest,
  CompleteReturnRequest,
  ConfirmOrderRequest,
  CreateOrderRequest,
  DeliverOrderRequest,
  type OrdersServiceService,
  RecordInterventionRequest,
  RequestReturnRequest,
  ShipOrderRequest,
  SubmitOrderRequest,
  UpdateOrderStatusRequest,
} from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { effectMessage, impersonalMessage, listedOrderMessage, orderMessage, statusFrom } from './messages.ts';
import type { SubmittedLine } from './repository.ts';
import {
  cancelOrderSchema,
  completeReturnSchema,
  confirmOrderSchema,
  createOrderSchema,
  deliverOrderSchema,
  getOrderSchema,
  listEffectsSchema,
  listOrdersSchema,
  recordInterventionSchema,
  requestReturnSchema,
  shipOrderSchema,
  submitOrderSchema,
  updateOrderStatusSchema,
} from './requests.ts';
import type { Orders } from './service.ts';

export function createHandler(orders: Orders): Handlers<typeof OrdersServiceService> {
  return {
    async submitOrder(request) {
      const given = parseRequest(submitOrderSchema, request);
      annotate({ userId: given.userId });
      const { clientId, userId, paymentMethod } = given;
      const submission = { clientId, userId, paymentMethod, lines: merge(given.lines), shippingAddress: given.shippingAddress };
      // Scoped by client and user: nobody meets another's key.
      const key = `submit:${clientId}:${userId}:${given.idempotencyKey}`;
      const byProduct = submission.lines.toSorted((a, b) => (a.productId < b.productId ? -1 : 1));
      const requestHash = hashRequest(
        SubmitOrderRequest.encode({ ...submission, lines: byProduct, idempotencyKey: '' }).finish(),
      );
      const { order, replayed } = await orders.submit({ key, requestHash }, submission);
      annotate({ orderId: order.id });
      return { order: orderMessage(order), replayed };
    },

    async createOrder(request) {
      const { idempotencyKey: key, orderId, lines } = parseRequest(createOrderSchema, request);
      annotate({ orderId });
      const requestHash = hashRequest(CreateOrderRequest.encode(request).finish());
      const priced = lines.map(({ productId, quantity, unitPrice }) => ({
        productId,
        quantity,
        unitPriceMinor: unitPrice.amountMinor,
        currency: unitPrice.currency,
      }));
      return orders.create({ key, requestHash }, orderId, priced);
    },

    async confirmOrder(request) {
      const { idempotencyKey: key, orderId, paymentId } = parseRequest(confirmOrderSchema, request);
      annotate({ orderId });
      const requestHash = hashRequest(ConfirmOrderRequest.encode(request).finish());
      return { order: impersonalMessage(await orders.confirm({ key, requestHash }, orderId, paymentId)) };
    },

    async cancelOrder(request) {
      const { idempotencyKey: key, failedStep, ...rest } = parseRequest(cancelOrderSchema, request);
      annotate({ orderId: rest.orderId });
      const cancellation = { ...rest, failedStep: failedStep || null };
      // Without what says why: an undo must not be refused because a later attempt fails for another reason. The first one stays.
      const { idempotencyKey, orderId, undoesKey } = request;
      const what = CancelOrderRequest.fromPartial({ idempotencyKey, orderId, undoesKey });
      const requestHash = hashRequest(CancelOrderRequest.encode(what).finish());
      return orders.cancel({ key, requestHash }, cancellation);
    },

    async shipOrder(request) {
      const { idempotencyKey: key, ...dispatch } = parseRequest(shipOrderSchema, request);
      annotate({ orderId: dispatch.orderId });
      return orders.ship({ key, requestHash: hashRequest(ShipOrderRequest.encode(request).finish()) }, dispatch);
    },

    async deliverOrder(request) {
      const { idempotencyKey: key, ...delivery } = parseRequest(deliverOrderSchema, request);
      annotate({ orderId: delivery.orderId });
      return orders.deliver({ key, requestHash: hashRequest(DeliverOrderRequest.encode(request).finish()) }, delivery);
    },

    async requestReturn(request) {
      const { idempotencyKey: key, ...wanted } = parseRequest(requestReturnSchema, request);
      annotate({ orderId: wanted.orderId });
      const requestHash = hashRequest(RequestReturnRequest.encode(request).finish());
      return orders.requestReturn({ key, requestHash }, { ...wanted, lines: merge(wanted.lines) });
    },

    async completeReturn(request) {
      const { idempotencyKey: key, ...completed } = parseRequest(completeReturnSchema, request);
      annotate({ orderId: completed.orderId });
      return orders.completeReturn({ key, requestHash: hashRequest(CompleteReturnRequest.encode(request).finish()) }, completed);
    },

    async updateOrderStatus(request) {
      const { idempotencyKey: key, ...move } = parseRequest(updateOrderStatusSchema, request);
      annotate({ orderId: move.orderId });
      return orders.updateStatus({ key, requestHash: hashRequest(UpdateOrderStatusRequest.encode(request).finish()) }, move);
    },

    async recordIntervention(request) {
      const { idempotencyKey: key, ...intervention } = parseRequest(recordInterventionSchema, request);
      annotate({ orderId: intervention.orderId });
      const requestHash = hashRequest(RecordInterventionRequest.encode(request).finish());
      return orders.recordIntervention({ key, requestHash }, intervention);
    },

    async getOrder(request) {
      const { orderId, userId } = parseRequest(getOrderSchema, request);
      annotate({ orderId });
      return { order: orderMessage(await orders.get(orderId, userId || undefined)) };
    },

    async listOrders(request) {
      const { status, pageSize, cursor, ...given } = parseRequest(listOrdersSchema, request);
      if (given.userId !== '') annotate({ userId: given.userId });
      const { createdFrom, createdTo } = given;
      const list = { ...given, createdFrom, createdTo, status: statusFrom(status) };
      const page = await orders.list(list, { size: pageSize, cursor });
      return { orders: page.orders.map(listedOrderMessage), nextCursor: page.nextCursor };
    },

    async audit() {
      return { findings: await orders.audit() };
    },

    async listEffects(request) {
      const { page } = parseRequest(listEffectsSchema, request);
      const { effects, nextCursor } = await orders.listEffects(page);
      return { effects: effects.map(effectMessage), nextCursor };
    },
  };
}

/** The same product twice becomes one line, where it was first given. */
function merge(lines: readonly SubmittedLine[]): SubmittedLine[] {
  const quantities = new Map<string, number>();
  for (const { productId, quantity } of lines) quantities.set(productId, (quantities.get(productId) ?? 0) + quantity);
  return Array.from(quantities, ([productId, quantity]) => ({ productId, quantity }));
}
