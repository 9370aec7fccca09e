import type { Effect as EffectMessage } from '../../../proto/gen/shopfast/audit/v1/audit.ts';
import type * as wire from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import type { Order } from '../domain/order.ts';
import { ORDER_STATUSES, type OrderStatus } from '../domain/order-status.ts';
import type { Effect } from '../domain/reads/effect.ts';
import type { Totals } from '../domain/totals.ts';

type Items<Part extends 'lines' | 'history' | 'interventions' | 'returns'> = ReturnType<Order[Part]['getItems']>[number];

const WIRE_STATUS: Readonly<Record<OrderStatus, wire.OrderStatus>> = {
  SUBMITTED: 'ORDER_STATUS_SUBMITTED',
  CREATED: 'ORDER_STATUS_CREATED',
  RESERVED: 'ORDER_STATUS_RESERVED',
  PAID: 'ORDER_STATUS_PAID',
  SHIPPED: 'ORDER_STATUS_SHIPPED',
  DELIVERED: 'ORDER_STATUS_DELIVERED',
  CANCELLED: 'ORDER_STATUS_CANCELLED',
  RETURNED: 'ORDER_STATUS_RETURNED',
};

const STATUS_OF_WIRE = new Map(ORDER_STATUSES.map((status) => [WIRE_STATUS[status], status]));

/** Undefined for UNSPECIFIED. */
export function statusFrom(message: wire.OrderStatus): OrderStatus | undefined {
  return STATUS_OF_WIRE.get(message);
}

/** An order of a list: with its lines, without its history, interventions and returns. */
export function listedOrderMessage(order: Order): wire.Order {
  return { ...summaryOf(order), history: [], interventions: [], returns: [] };
}

/** An order with everything that belongs to it. */
export function orderMessage(order: Order): wire.Order {
  return {
    ...summaryOf(order),
    history: order.history.getItems().map(changeMessage),
    interventions: order.interventions.getItems().map(interventionMessage),
    returns: order.returns.getItems().map((back) => returnMessage(back, order.currency ?? '')),
  };
}

/** The part of a confirmed order that its workflow carries: no personal data, no payment method, no later decisions and returns. */
export function confirmedOrderMessage(order: Order): wire.Order {
  const history = order.history.getItems().map(changeMessage);
  return { ...summaryOf(order), history, interventions: [], returns: [], shippingAddress: undefined, paymentMethod: '' };
}

function summaryOf(order: Order): Omit<wire.Order, 'history' | 'interventions' | 'returns'> {
  const { totals } = order;
  return {
    id: order.id,
    userId: order.userId,
    status: WIRE_STATUS[order.status],
    lines: order.lines.getItems().map((line) => lineMessage(line, totals?.currency)),
    totals: totals && totalsMessage(totals),
    paymentId: order.paymentId ?? '',
    failure: failureMessage(order),
    shippingAddress: order.shippingAddress ?? undefined,
    paymentMethod: order.paymentMethod,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    shipment: shipmentMessage(order),
  };
}

function failureMessage({ failureReason: reason, failureStep, failureFacts }: Order): wire.Failure | undefined {
  return reason == null ? undefined : { step: failureStep ?? '', reason, facts: { ...failureFacts } };
}

/** Undefined until the order is shipped (OR4). */
function shipmentMessage({ carrier, trackingNumber, shippedAt, deliveredAt }: Order): wire.Shipment | undefined {
  if (carrier == null || trackingNumber == null || shippedAt == null) return undefined;
  return { carrier, trackingNumber, shippedAt, deliveredAt: deliveredAt ?? undefined };
}

export function totalsMessage({ currency, ...amounts }: Totals): wire.Totals {
  return {
    subtotal: { amountMinor: amounts.subtotalMinor, currency },
    tax: { amountMinor: amounts.taxMinor, currency },
    shipping: { amountMinor: amounts.shippingMinor, currency },
    total: { amountMinor: amounts.totalMinor, currency },
  };
}

function lineMessage(line: Items<'lines'>, currency: string | undefined): wire.OrderLine {
  const { productId, quantity, unitPriceMinor, lineTotalMinor } = line;
  if (currency === undefined || unitPriceMinor == null || lineTotalMinor == null) return { productId, quantity };
  return {
    productId,
    quantity,
    unitPrice: { amountMinor: unitPriceMinor, currency },
    lineTotal: { amountMinor: lineTotalMinor, currency },
  };
}

function changeMessage({ status, at, reason, actorId, note }: Items<'history'>): wire.StatusChange {
  return { status: WIRE_STATUS[status], at, reason, actorId: actorId ?? '', note };
}

function interventionMessage({ actorId, action, steps, reason, reference, at }: Items<'interventions'>): wire.Intervention {
  return { actorId, action, steps, reason, reference, at };
}

function returnMessage(back: Items<'returns'>, currency: string): wire.Return {
  const { id, actorId, reason, requestedAt, completedAt, refundMinor } = back;
  const lines = back.lines.getItems().map(({ productId, quantity }) => ({ productId, quantity }));
  const refund = { amountMinor: refundMinor, currency };
  return { id, actorId, reason, requestedAt, completedAt: completedAt ?? undefined, refund, lines };
}

export function effectMessage({ sequence, kind, orderId, userId, reference, amountMinor, currency, at }: Effect): EffectMessage {
  const amount = amountMinor === null || currency === null ? undefined : { amountMinor: Number(amountMinor), currency };
  return { sequence: Number(sequence), kind, orderId, userId, reference, amount, at };
}
