/** The order's record as orders keeps it: what it says of the saga, and its JSON. */

import type { ConfirmedOrder } from '../contracts/confirmed-order.ts';
import type { OrderFailure } from '../contracts/order.ts';
import { isReason, type Reason } from '../contracts/reasons.ts';
import { isStepName, type SagaState } from '../contracts/saga-steps.ts';
import type { Money } from '../proto/gen/shopfast/money/v1/money.ts';
import {
  type Intervention,
  type Order,
  OrderStatus,
  type Return,
  type Shipment,
} from '../proto/gen/shopfast/orders/v1/orders.ts';
import { moneyJson } from './wire.ts';

export const STATUS_NAMES = [
  'SUBMITTED',
  'CREATED',
  'RESERVED',
  'PAID',
  'SHIPPED',
  'DELIVERED',
  'CANCELLED',
  'RETURNED',
] as const;

export type StatusName = (typeof STATUS_NAMES)[number];

/** A status by name, and how far its saga is as far as the record alone can tell. */
const STATUSES: Readonly<Record<OrderStatus, { readonly name: StatusName; readonly sagaState: SagaState }>> = {
  [OrderStatus.ORDER_STATUS_UNSPECIFIED]: { name: 'SUBMITTED', sagaState: 'SagaInitiated' },
  [OrderStatus.ORDER_STATUS_SUBMITTED]: { name: 'SUBMITTED', sagaState: 'SagaInitiated' },
  [OrderStatus.ORDER_STATUS_CREATED]: { name: 'CREATED', sagaState: 'OrderCreated' },
  [OrderStatus.ORDER_STATUS_RESERVED]: { name: 'RESERVED', sagaState: 'OrderCreated' },
  [OrderStatus.ORDER_STATUS_PAID]: { name: 'PAID', sagaState: 'SagaCompleted' },
  [OrderStatus.ORDER_STATUS_SHIPPED]: { name: 'SHIPPED', sagaState: 'SagaCompleted' },
  [OrderStatus.ORDER_STATUS_DELIVERED]: { name: 'DELIVERED', sagaState: 'SagaCompleted' },
  [OrderStatus.ORDER_STATUS_CANCELLED]: { name: 'CANCELLED', sagaState: 'SagaFailed' },
  [OrderStatus.ORDER_STATUS_RETURNED]: { name: 'RETURNED', sagaState: 'SagaCompleted' },
};

export const STATUS_BY_NAME: Readonly<Record<StatusName, OrderStatus>> = {
  SUBMITTED: OrderStatus.ORDER_STATUS_SUBMITTED,
  CREATED: OrderStatus.ORDER_STATUS_CREATED,
  RESERVED: OrderStatus.ORDER_STATUS_RESERVED,
  PAID: OrderStatus.ORDER_STATUS_PAID,
  SHIPPED: OrderStatus.ORDER_STATUS_SHIPPED,
  DELIVERED: OrderStatus.ORDER_STATUS_DELIVERED,
  CANCELLED: OrderStatus.ORDER_STATUS_CANCELLED,
  RETURNED: OrderStatus.ORDER_STATUS_RETURNED,
};

/**
 * How the saga ended according to the record; `open` while it has not. PAID is written by the saga's last step, which may fail
 * all the same: with a failed step it was undone. `either`: cancelled by request after it was PAID, which the saga may have
 * been as well as the confirmed order; the record does not tell them apart.
 */
export function recordedEnd(order: Order): 'confirmed' | 'cancelled' | 'either' | 'open' {
  const paid = statesOf(order).has('SagaCompleted');
  if (order.status !== OrderStatus.ORDER_STATUS_CANCELLED) return paid ? 'confirmed' : 'open';
  return paid && !order.failure?.step ? 'either' : 'cancelled';
}

/**
 * The order as it was when it was confirmed, however far it has gone since: a repeated POST /orders gets the first answer, and
 * GET tells how the order is now.
 */
export function asConfirmed(order: Order): Order {
  const { ORDER_STATUS_PAID: status } = OrderStatus;
  const paid = order.history.findIndex((change) => change.status === status);
  const since = { failure: undefined, shipment: undefined, returns: [], interventions: [] };
  return { ...order, ...since, status, history: order.history.slice(0, paid + 1) };
}

/** The record of a submitted order that was confirmed, as the workflow tells it. */
export function confirmedRecord(submitted: Order, paymentId: string, { lines, totals, history }: ConfirmedOrder): Order {
  return {
    ...submitted,
    status: OrderStatus.ORDER_STATUS_PAID,
    paymentId,
    lines: [...lines],
    totals,
    history: history.map(({ status, at }) => ({
      status: STATUS_BY_NAME[status],
      at: new Date(at),
      reason: '',
      actorId: '',
      note: '',
    })),
  };
}

/** Why a cancelled order was refused, as the record holds it: the same that the workflow tells. */
export function recordedFailure(order: Order): OrderFailure {
  const { step = '', reason = '', facts = {} } = order.failure ?? {};
  return { step: isStepName(step) ? step : null, reason: knownReason(reason), facts };
}

export function sagaStateOf(order: Order): SagaState {
  return STATUSES[order.status].sagaState;
}

export function statusName(order: Pick<Order, 'status'>): StatusName {
  return STATUSES[order.status].name;
}

export function orderPath(orderId: string): string {
  return `/v1/orders/${orderId}`;
}

type Shown = {
  /** Product names by id. */
  readonly names?: ReadonlyMap<string, string>;
  /** With who did what. */
  readonly forOperator?: boolean;
};

/** The order as its customer sees it; the payment method and the address stay inside. */
export function orderJson(order: Order, { names, forOperator = false }: Shown = {}) {
  const history = order.history.map(({ status, at, reason, note, actorId }) => ({
    status: STATUSES[status].name,
    at,
    reason: reason || undefined,
    // The words of somebody else, such as an operator, are not for the customer.
    note: ((forOperator || actorId === order.userId) && note) || undefined,
    by: (forOperator && actorId) || undefined,
  }));
  return {
    ...orderSummaryJson(order, names),
    history,
    shipment: order.shipment && shipmentJson(order.shipment),
    returns: order.returns.length > 0 ? order.returns.map(returnJson) : undefined,
    interventions: forOperator && order.interventions.length > 0 ? order.interventions.map(interventionJson) : undefined,
  };
}

/** The order as lists have it: without its history. */
export function orderSummaryJson(order: Order, names?: ReadonlyMap<string, string>) {
  const { totals } = order;
  return {
    id: order.id,
    user_id: order.userId,
    status: statusName(order),
    saga_state: sagaStateOf(order),
    items: order.lines.map(({ productId, quantity, unitPrice, lineTotal }) => ({
      product_id: productId,
      name: names?.get(productId),
      quantity,
      unit_price: optionalMoney(unitPrice),
      line_total: optionalMoney(lineTotal),
    })),
    subtotal: optionalMoney(totals?.subtotal),
    tax: optionalMoney(totals?.tax),
    shipping: optionalMoney(totals?.shipping),
    total: optionalMoney(totals?.total),
    payment_id: order.paymentId || undefined,
    failure: order.failure && failureJson(order),
    created_at: order.createdAt,
    links: orderLinks(order.id),
  };
}

function shipmentJson({ carrier, trackingNumber, shippedAt, deliveredAt }: Shipment) {
  return { carrier, tracking_number: trackingNumber, shipped_at: shippedAt, delivered_at: deliveredAt ?? null };
}

function returnJson({ id, lines, refund, reason, requestedAt, completedAt }: Return) {
  return {
    id,
    lines: lines.map(({ productId, quantity }) => ({ product_id: productId, quantity })),
    refund: optionalMoney(refund),
    reason,
    requested_at: requestedAt,
    completed_at: completedAt ?? null,
  };
}

function interventionJson({ action, steps, actorId, reason, reference, at }: Intervention) {
  return { action, steps, by: actorId, reason, reference: reference || undefined, at };
}

export function orderLinks(orderId: string) {
  return { self: orderPath(orderId), status: `${orderPath(orderId)}/status` };
}

function failureJson(order: Order) {
  const { step, reason } = recordedFailure(order);
  return { step, reason };
}

function statesOf(order: Order): ReadonlySet<SagaState> {
  return new Set([order.status, ...order.history.map(({ status }) => status)].map((status) => STATUSES[status].sagaState));
}

// Not priced yet: null, so that the shape of an order is always the same.
function optionalMoney(money: Money | undefined) {
  return money ? moneyJson(money) : null;
}

function knownReason(reason: string): Reason {
  return isReason(reason) ? reason : 'order_cancelled';
}
