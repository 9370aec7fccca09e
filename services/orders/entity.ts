/**
 * The order record.
 *
 * OR1 An order's status only moves along NEXT_STATUSES, and every move leaves one row in its history.
 * OR2 Priced is all or nothing: every amount and the currency, or none; total = subtotal + tax + shipping.
 * OR3 A cancelled order has a reason, and keeps its first.
 * OR4 An order has a shipment exactly when it has been shipped; it is delivered neither before that nor in the future.
 * The migration upholds each of them again in the database.
 */
import { defineEntity, p } from '@mikro-orm/core';
import { illegalTransition } from './errors.ts';

export const ORDER_STATUSES = [
  'SUBMITTED',
  'CREATED',
  'RESERVED',
  'PAID',
  'SHIPPED',
  'DELIVERED',
  'CANCELLED',
  'RETURNED',
] as const;

export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** What may follow each status; what has no followers is final. */
export const NEXT_STATUSES: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  SUBMITTED: ['CREATED', 'CANCELLED'],
  CREATED: ['RESERVED', 'CANCELLED'],
  RESERVED: ['PAID', 'CANCELLED'],
  PAID: ['SHIPPED', 'CANCELLED'],
  SHIPPED: ['DELIVERED', 'RETURNED'],
  DELIVERED: ['RETURNED'],
  CANCELLED: [],
  RETURNED: [],
};

/** How UpdateOrderStatus reaches a status, or the call that brings the data which that status needs. */
export type MoveByName = { readonly call: null; readonly needsReason: boolean; readonly effect: 'move' | 'deliver' | 'cancel' };

export const MOVES_BY_NAME: Readonly<Record<OrderStatus, MoveByName | { readonly call: string }>> = {
  SUBMITTED: { call: 'SubmitOrder' },
  CREATED: { call: 'CreateOrder' },
  RESERVED: { call: null, needsReason: false, effect: 'move' },
  PAID: { call: 'ConfirmOrder' },
  SHIPPED: { call: 'ShipOrder' },
  DELIVERED: { call: null, needsReason: false, effect: 'deliver' },
  CANCELLED: { call: null, needsReason: true, effect: 'cancel' },
  RETURNED: { call: 'CompleteReturn' },
};

/** The statuses from which `status` may be reached. */
export function statusesBefore(status: OrderStatus): readonly OrderStatus[] {
  return ORDER_STATUSES.filter((before) => NEXT_STATUSES[before].includes(status));
}

/** Throws FAILED_PRECONDITION illegal_transition, with both statuses, unless the move is legal (OR1). */
export function requireTransition(current: OrderStatus, attempted: OrderStatus): void {
  if (!NEXT_STATUSES[current].includes(attempted)) throw illegalTransition(current, attempted);
}

/** A postal address as it was when the order was submitted. Personal data: stored here, never logged. */
export type Address = {
  readonly line1: string;
  readonly line2: string;
  readonly city: string;
  readonly region: string;
  readonly postalCode: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
};

export const OrderSchema = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.uuid().primary(),
    clientId: p.text(),
    userId: p.uuid(),
    status: p.enum([...ORDER_STATUSES]),
    currency: p.character().length(3).nullable(),
    subtotalMinor: p.bigint('number').nullable(),
    taxMinor: p.bigint('number').nullable(),
    shippingMinor: p.bigint('number').nullable(),
    totalMinor: p.bigint('number').nullable(),
    // The provider's opaque token, kept because a submitted order may have to be started again; never logged.
    paymentMethod: p.text(),
    paymentId: p.uuid().nullable(),
    shippingAddress: p.json<Address>().nullable(),
    failureStep: p.text().nullable(),
    failureReason: p.text().nullable(),
    failureFacts: p.json<Readonly<Record<string, string>>>().nullable(),
    carrier: p.text().nullable(),
    trackingNumber: p.text().nullable(),
    shippedAt: p.datetime(3).nullable(),
    deliveredAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    updatedAt: p.datetime(3).defaultRaw('now()'),
    lines: () => p.oneToMany(OrderLineSchema).mappedBy('order').orderBy({ position: 'asc' }),
    history: () => p.oneToMany(StatusChangeSchema).mappedBy('order').orderBy({ sequence: 'asc' }),
  },
});

export const OrderLineSchema = defineEntity({
  name: 'OrderLine',
  tableName: 'order_lines',
  properties: {
    order: () => p.manyToOne(OrderSchema).primary(),
    productId: p.uuid().primary(),
    // Where the customer put it; 1 is first.
    position: p.integer(),
    quantity: p.integer(),
    unitPriceMinor: p.bigint('number').nullable(),
    lineTotalMinor: p.bigint('number').nullable(),
  },
});

export const StatusChangeSchema = defineEntity({
  name: 'StatusChange',
  tableName: 'order_history',
  properties: {
    sequence: p.bigint('number').primary(),
    order: () => p.manyToOne(OrderSchema),
    previousStatus: p.text().$type<OrderStatus>().nullable(),
    status: p.text().$type<OrderStatus>(),
    reason: p.text().default(''),
    // The user id of whoever moved it; null: the platform itself.
    actorId: p.uuid().nullable(),
    // In the actor's own words.
    note: p.text().default(''),
    at: p.datetime(3).defaultRaw('now()'),
  },
});

export const InterventionSchema = defineEntity({
  name: 'Intervention',
  tableName: 'order_interventions',
  properties: {
    sequence: p.bigint('number').primary(),
    order: () => p.manyToOne(OrderSchema),
    actorId: p.uuid(),
    action: p.text().$type<'retry' | 'resolve'>(),
    // Names of the steps whose undo it was about, separated by spaces.
    steps: p.text(),
    reason: p.text(),
    reference: p.text().default(''),
    at: p.datetime(3).defaultRaw('now()'),
  },
});

export const ReturnSchema = defineEntity({
  name: 'Return',
  tableName: 'returns',
  properties: {
    id: p.uuid().primary(),
    order: () => p.manyToOne(OrderSchema),
    actorId: p.uuid(),
    reason: p.text(),
    refundMinor: p.bigint('number'),
    requestedAt: p.datetime(3).defaultRaw('now()'),
    completedAt: p.datetime(3).nullable(),
    // Places among the effects; the database gives them.
    requestedSequence: p.bigint('number'),
    completedSequence: p.bigint('number').nullable(),
  },
});

export const ReturnLineSchema = defineEntity({
  name: 'ReturnLine',
  tableName: 'return_lines',
  properties: {
    return: () => p.manyToOne(ReturnSchema).primary(),
    productId: p.uuid().primary(),
    quantity: p.integer(),
  },
});

export class Order extends OrderSchema.class {}
OrderSchema.setClass(Order);
export class OrderLine extends OrderLineSchema.class {}
OrderLineSchema.setClass(OrderLine);
export class StatusChange extends StatusChangeSchema.class {}
StatusChangeSchema.setClass(StatusChange);
export class Intervention extends InterventionSchema.class {}
InterventionSchema.setClass(Intervention);
export class Return extends ReturnSchema.class {}
ReturnSchema.setClass(Return);
export class ReturnLine extends ReturnLineSchema.class {}
ReturnLineSchema.setClass(ReturnLine);

export const ENTITIES = [OrderSchema, OrderLineSchema, StatusChangeSchema, InterventionSchema, ReturnSchema, ReturnLineSchema];
