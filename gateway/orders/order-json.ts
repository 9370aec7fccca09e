import * as z from 'zod';
import { SAGA_STATES } from '../../contracts/saga-steps.ts';
import type { Money } from '../../proto/gen/shopfast/money/v1/money.ts';
import type { Intervention, Order, Return, Shipment } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { moneyJson } from '../http/json.ts';
import { id, money, reason, step, time } from '../http/schemas.ts';
import { recordedFailure, STATUS_NAMES, sagaStateOf, statusName } from './record.ts';

export const statusSchema = z.enum(STATUS_NAMES).meta({ id: 'OrderStatus' });
export const sagaStateSchema = z.enum(SAGA_STATES).meta({ id: 'SagaState', description: "The state of the order's saga." });
// null until the order is priced.
const price = money.nullable();

const lineSchema = z.strictObject({ product_id: id, quantity: z.int() });

/** An order in a list. */
export const orderSummarySchema = z
  .strictObject({
    id,
    user_id: id,
    status: statusSchema,
    saga_state: sagaStateSchema,
    items: z.array(
      lineSchema.extend({
        name: z.string().optional().describe('Absent when products does not answer.'),
        unit_price: price,
        line_total: price,
      }),
    ),
    subtotal: price,
    tax: price,
    shipping: price,
    total: price.describe('null until the order is priced.'),
    payment_id: id.optional(),
    failure: z.strictObject({ step: step.nullable(), reason }).optional().describe('Why it was refused.'),
    created_at: time,
    links: z.strictObject({ self: z.string(), status: z.string() }),
  })
  .meta({ id: 'OrderSummary' });

const historySchema = z.strictObject({
  status: statusSchema,
  at: time,
  reason: z.string().optional(),
  note: z.string().optional().describe('The words of the user who asked for it; shown to that user and to operators.'),
  by: id.optional().describe('The user who did it; shown to operators.'),
});

const shipmentSchema = z.strictObject({
  carrier: z.string(),
  tracking_number: z.string(),
  shipped_at: time,
  delivered_at: time.nullable(),
});

const returnSchema = z.strictObject({
  id,
  lines: z.array(lineSchema),
  refund: money,
  reason: z.string(),
  requested_at: time,
  completed_at: time.nullable().describe('null: in progress.'),
});

const interventionSchema = z.strictObject({
  action: z.enum(['retry', 'resolve']),
  steps: z.array(z.string()),
  by: id,
  reason: z.string(),
  reference: z.string().optional(),
  at: time,
});

export const orderSchema = orderSummarySchema
  .extend({
    history: z.array(historySchema),
    shipment: shipmentSchema.optional(),
    returns: z.array(returnSchema).optional(),
    interventions: z.array(interventionSchema).optional().describe('Retries and resolutions of undos; shown to operators.'),
  })
  .meta({ id: 'Order' });

export const returnAnswerSchema = z.strictObject({ id, refund: money, lines: z.array(lineSchema) });

type Shown = {
  /** Product names by id. */
  readonly names?: ReadonlyMap<string, string>;
  /** With the users who acted. */
  readonly forOperator?: boolean;
};

/** The order as its customer sees it; the payment method and the address are never shown. */
export function orderJson(order: Order, { names, forOperator = false }: Shown = {}) {
  const history = order.history.map(({ status, at, reason: why, note, actorId }) => ({
    status: statusName({ status }),
    at,
    reason: why || undefined,
    // The words of another user, such as an operator, are not for the customer.
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

/** The order in a list: without its history. */
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

export function orderPath(orderId: string): string {
  return `/v1/orders/${orderId}`;
}

export function orderLinks(orderId: string) {
  return { self: orderPath(orderId), status: `${orderPath(orderId)}/status` };
}

export function linesJson(lines: readonly { readonly productId: string; readonly quantity: number }[]) {
  return lines.map(({ productId, quantity }) => ({ product_id: productId, quantity }));
}

function shipmentJson({ carrier, trackingNumber, shippedAt, deliveredAt }: Shipment) {
  return { carrier, tracking_number: trackingNumber, shipped_at: shippedAt, delivered_at: deliveredAt ?? null };
}

function returnJson({ id: returnId, lines, refund, reason: why, requestedAt, completedAt }: Return) {
  return {
    id: returnId,
    lines: linesJson(lines),
    refund: optionalMoney(refund),
    reason: why,
    requested_at: requestedAt,
    completed_at: completedAt ?? null,
  };
}

function interventionJson({ action, steps, actorId, reason: why, reference, at }: Intervention) {
  return { action, steps, by: actorId, reason: why, reference: reference || undefined, at };
}

function failureJson(order: Order) {
  const failure = recordedFailure(order);
  return { step: failure.step, reason: failure.reason };
}

function optionalMoney(amount: Money | undefined) {
  return amount ? moneyJson(amount) : null;
}
