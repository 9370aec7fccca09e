/** How orders and what belongs to them are mapped to tables. Order has methods and a file of its own, order.ts. */
import { defineEntity, p } from '@mikro-orm/core';
import { outboxColumns } from '../../../platform/outbox/columns.ts';
import type { OrderEventType } from './order-events.ts';
import { ORDER_STATUSES, type OrderStatus } from './order-status.ts';

/** A postal address as given when the order was submitted. Personal data: stored here, never logged. */
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
    // No change of the order is dated before it.
    updatedAt: p.datetime(3).defaultRaw('now()'),
    lines: () => p.oneToMany(OrderLineSchema).mappedBy('order').orderBy({ position: 'asc' }),
    history: () => p.oneToMany(StatusChangeSchema).mappedBy('order').orderBy({ sequence: 'asc' }),
    interventions: () => p.oneToMany(InterventionSchema).mappedBy('order').orderBy({ sequence: 'asc' }),
    returns: () => p.oneToMany(ReturnSchema).mappedBy('order').orderBy({ requestedAt: 'asc', id: 'asc' }),
    events: () => p.oneToMany(OutboxEventSchema).mappedBy('order').orderBy({ position: 'asc' }),
  },
});

export const OrderLineSchema = defineEntity({
  name: 'OrderLine',
  tableName: 'order_lines',
  properties: {
    order: () => p.manyToOne(OrderSchema).primary(),
    productId: p.uuid().primary(),
    // The line's place in the submitted order; 1 is first.
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
    // The user id of the actor; null: the platform itself.
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
    // Names of the saga steps whose undos were retried or resolved.
    steps: p.array(),
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
    // Tie-breakers for effects with the same timestamp. The database draws both from the history's sequence when the return is
    // requested.
    requestedSequence: p.bigint('number').autoincrement(),
    completedSequence: p.bigint('number').autoincrement(),
    lines: () => p.oneToMany(ReturnLineSchema).mappedBy('return').orderBy({ productId: 'asc' }),
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

const { orderId: _, ...columns } = outboxColumns;

export const OutboxEventSchema = defineEntity({
  name: 'OutboxEvent',
  tableName: 'outbox',
  properties: {
    ...columns,
    type: p.text().$type<OrderEventType>(),
    order: () => p.manyToOne(OrderSchema).nullable().createForeignKeyConstraint(false),
  },
});
