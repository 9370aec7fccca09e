import type { Effect as EffectMessage } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import type * as wire from '../../proto/gen/shopfast/orders/v1/orders.ts';
import type { Effect } from './effects.ts';
import { ORDER_STATUSES, type Order, type OrderStatus } from './entity.ts';
import type { ChangeRecord, InterventionRecord, LineRecord, OrderRecord, ReturnRecord } from './order-record.ts';
import type { Totals } from './totals.ts';

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

/** An order as lists have it: without what happened to it. */
export function listedOrderMessage(order: Order): wire.Order {
  const nothing = { history: [], interventions: [], returns: [] };
  return orderMessage(Object.assign({}, order, { lines: order.lines.getItems(), ...nothing }));
}

/** An order as a saga is told of it: without what no workflow may carry. */
export function impersonalMessage(order: OrderRecord): wire.Order {
  return orderMessage({ ...order, shippingAddress: undefined, paymentMethod: '' });
}

/** An order as callers read it. */
export function orderMessage(order: OrderRecord): wire.Order {
  const totals = totalsOfOrder(order);
  return {
    id: order.id,
    userId: order.userId,
    status: WIRE_STATUS[order.status],
    lines: order.lines.map((line) => lineMessage(line, totals?.currency)),
    totals: totals && totalsMessage(totals),
    paymentId: order.paymentId ?? '',
    failure: failureMessage(order),
    history: order.history.map(changeMessage),
    shippingAddress: order.shippingAddress ?? undefined,
    paymentMethod: order.paymentMethod,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    shipment: shipmentMessage(order),
    interventions: order.interventions.map(interventionMessage),
    returns: order.returns.map((back) => returnMessage(back, order.currency ?? '')),
  };
}

function failureMessage({ failureReason: reason, failureStep, failureFacts }: OrderRecord): wire.Failure | undefined {
  return reason == null ? undefined : { step: failureStep ?? '', reason, facts: { ...failureFacts } };
}

/** Undefined until the order is shipped: all of it is there or nothing (OR4). */
function shipmentMessage({ carrier, trackingNumber, shippedAt, deliveredAt }: OrderRecord): wire.Shipment | undefined {
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

/** Undefined until the order is priced: all amounts are there or none (OR2). */
function totalsOfOrder({ currency, subtotalMinor, taxMinor, shippingMinor, totalMinor }: OrderRecord): Totals | undefined {
  if (currency == null || subtotalMinor == null || taxMinor == null || shippingMinor == null || totalMinor == null) {
    return undefined;
  }
  return { currency, subtotalMinor, taxMinor, shippingMinor, totalMinor };
}

function lineMessage(line: LineRecord, currency: string | undefined): wire.OrderLine {
  const { productId, quantity, unitPriceMinor, lineTotalMinor } = line;
  if (currency === undefined || unitPriceMinor == null || lineTotalMinor == null) return { productId, quantity };
  return {
    productId,
    quantity,
    unitPrice: { amountMinor: unitPriceMinor, currency },
    lineTotal: { amountMinor: lineTotalMinor, currency },
  };
}

function changeMessage({ status, at, reason, actorId, note }: ChangeRecord): wire.StatusChange {
  return { status: WIRE_STATUS[status], at, reason, actorId: actorId ?? '', note };
}

function interventionMessage({ steps, ...rest }: InterventionRecord): wire.Intervention {
  return { ...rest, steps: steps.split(' ') };
}

function returnMessage({ refundMinor, completedAt, lines, ...rest }: ReturnRecord, currency: string): wire.Return {
  const refund = { amountMinor: refundMinor, currency };
  return { ...rest, lines: [...lines], refund, completedAt: completedAt ?? undefined };
}

export function effectMessage({ sequence, kind, orderId, userId, reference, amountMinor, currency, at }: Effect): EffectMessage {
  const amount = amountMinor === null || currency === null ? undefined : { amountMinor: Number(amountMinor), currency };
  return { sequence: Number(sequence), kind, orderId, userId, reference, amount, at };
}
