import { v7 as uuid } from 'uuid';
import type { Reason } from '../../../contracts/reasons.ts';
import type { StepName } from '../../../contracts/saga-steps.ts';
import { served } from '../../../platform/rpc/server.ts';
import { StatusError } from '../../../platform/rpc/status-error.ts';
import { EventsServiceService } from '../../../proto/gen/shopfast/events/v1/events.ts';
import { type Order, type OrderStatus, OrdersServiceService } from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import { decodeCursor, encodeCursor } from '../../../services/orders/domain/reads/cursor.ts';
import { statusFrom } from '../../../services/orders/api/messages.ts';
import { onlyThese } from '../../../testkit/handlers.ts';
import { digest, refuse, serve } from './fake-services.ts';

export type FakeOrders = Awaited<ReturnType<typeof fakeOrders>>;

export const UNIT_PRICE = { amountMinor: 1_000, currency: 'EUR' };

/** Orders in memory: the record, its keys and its status machine as far as the saga needs them. */
export async function fakeOrders() {
  const orders = new Map<string, Order>();
  const keys = new Map<string, { orderId: string; hash: string }>();
  const submissions: string[] = [];
  const requests: string[] = [];
  const reads: string[] = [];
  const ownReads: string[] = [];
  const seen = { hangMs: 0, readHangMs: 0 };

  function find(orderId: string): Order {
    return orders.get(orderId) ?? refuse('NOT_FOUND', 'not_found');
  }

  function move(orderId: string, status: OrderStatus, reason = ''): Order {
    const order = find(orderId);
    const at = new Date();
    order.status = status;
    order.updatedAt = at;
    order.history.push({ status, at, reason, actorId: '', note: '' });
    return order;
  }

  const server = await serve(
    OrdersServiceService,
    {
      async submitOrder({ idempotencyKey, clientId, userId, lines, paymentMethod, shippingAddress }) {
        requests.push(idempotencyKey);
        if (seen.hangMs > 0) await new Promise((resolve) => setTimeout(resolve, seen.hangMs));
        const scoped = JSON.stringify([clientId, userId, idempotencyKey]);
        const hash = digest([lines, paymentMethod, shippingAddress]);
        const known = keys.get(scoped);
        if (known && known.hash !== hash) refuse('FAILED_PRECONDITION', 'idempotency_key_reused');
        if (known) return { order: find(known.orderId), replayed: true };
        const now = new Date();
        const order: Order = {
          id: uuid(),
          userId,
          status: 'ORDER_STATUS_SUBMITTED',
          lines,
          paymentId: '',
          history: [{ status: 'ORDER_STATUS_SUBMITTED', at: now, reason: '', actorId: '', note: '' }],
          interventions: [],
          returns: [],
          shippingAddress,
          paymentMethod,
          createdAt: now,
          updatedAt: now,
        };
        orders.set(order.id, order);
        keys.set(scoped, { orderId: order.id, hash });
        submissions.push(order.id);
        return { order, replayed: false };
      },
      // The saga's calls do not come this way: its activities are fakes too.
      async getOrder({ orderId, userId }) {
        (userId === '' ? reads : ownReads).push(orderId);
        if (seen.readHangMs > 0) await new Promise((resolve) => setTimeout(resolve, seen.readHangMs));
        const order = find(orderId);
        if (userId !== '' && order.userId !== userId) refuse('NOT_FOUND', 'not_found');
        return { order };
      },
      async listOrders({ userId, status, createdFrom, createdTo, failedStep = '', orderIds, pageSize: asked, cursor }) {
        const pageSize = asked || 20;
        const list = { userId, status: statusFrom(status), createdFrom, createdTo, failedStep, orderIds };
        const after = cursor === '' ? undefined : decodeCursor(list, cursor);
        // Ids grow with time.
        const wanted = [...orders.values()]
          .reverse()
          .filter(
            (order) =>
              (userId === '' || order.userId === userId) &&
              (list.status === undefined || order.status === status) &&
              (!createdFrom || (order.createdAt ?? 0) >= createdFrom) &&
              (!createdTo || (order.createdAt ?? 0) < createdTo) &&
              (failedStep === '' || order.failure?.step === failedStep) &&
              (orderIds.length === 0 || orderIds.includes(order.id)) &&
              (!after || order.id < after.id),
          );
        const page = wanted.slice(0, pageSize);
        const last = page.at(-1);
        const createdAt = wanted.length > pageSize ? last?.createdAt : undefined;
        const nextCursor = last && createdAt ? encodeCursor(list, { id: last.id, createdAt }) : '';
        return { orders: page.map((order) => ({ ...order, history: [] })), nextCursor };
      },
    },
    [served(EventsServiceService, onlyThese(EventsServiceService, { listDeliveries: () => Promise.reject(notOurCursor()) }))],
  );

  function price(orderId: string) {
    const order = find(orderId);
    const units = order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
    for (const line of order.lines) {
      line.unitPrice = UNIT_PRICE;
      line.lineTotal = { amountMinor: UNIT_PRICE.amountMinor * line.quantity, currency: 'EUR' };
    }
    const total = { amountMinor: UNIT_PRICE.amountMinor * units, currency: 'EUR' };
    const zero = { amountMinor: 0, currency: 'EUR' };
    order.totals = { subtotal: total, tax: zero, shipping: zero, total };
    move(orderId, 'ORDER_STATUS_CREATED');
    move(orderId, 'ORDER_STATUS_RESERVED');
    return total;
  }

  /** Once, however often it is tried. */
  function confirm(orderId: string, paymentId: string): Order {
    const order = find(orderId);
    if (order.status !== 'ORDER_STATUS_PAID') move(orderId, 'ORDER_STATUS_PAID').paymentId = paymentId;
    return order;
  }

  return {
    ...server,
    orders,
    seen,
    /** The ids of orders that came into being. */
    submissions,
    /** The key of every SubmitOrder that arrived. */
    requests,
    /** The order of every GetOrder that named no user. */
    reads,
    /** The order of every GetOrder of a customer. */
    ownReads,
    price,
    confirm,
    move,
    cancel(orderId: string, step: StepName | null, reason: Reason, facts: Readonly<Record<string, string>> = {}) {
      move(orderId, 'ORDER_STATUS_CANCELLED', reason).failure = { step: step ?? '', reason, facts: { ...facts } };
    },
  };
}

function notOurCursor(): StatusError {
  return new StatusError({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    message: 'The request has invalid fields',
    violations: [{ field: 'cursor', description: 'is not a cursor of this list' }],
  });
}
