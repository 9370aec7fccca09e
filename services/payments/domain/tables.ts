/** How the tables of payments map to properties. Payment and Refund add their transitions in files of their own. */
import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import { outboxColumns } from '../../../platform/outbox/columns.ts';
import type { Factor } from './fraud/rules.ts';
import type { Account, Movement } from './ledger/accounts.ts';
import type { PaidBy, PaymentEventType, PaymentStatus, RefundStatus } from './payment-status.ts';

export const PaymentSchema = defineEntity({
  name: 'Payment',
  tableName: 'payments',
  properties: {
    id: p.uuid().primary(),
    orderId: p.uuid().unique(),
    userId: p.uuid(),
    // The idempotency key of the charge, here and at the provider.
    chargeKey: p.text().unique(),
    amountMinor: p.bigint('number'),
    currency: p.text(),
    status: p.text().$type<PaymentStatus>(),
    capturedMinor: p.bigint('number').defaultRaw('0'),
    refundedMinor: p.bigint('number').defaultRaw('0'),
    providerReference: p.text().nullable().unique(),
    failureReason: p.text().nullable(),
    // As the provider describes it; both null while it has not.
    methodBrand: p.text().nullable(),
    methodLastFour: p.text().nullable(),
    processedAt: p.datetime().nullable(),
    disputedAt: p.datetime().nullable(),
    // Both null while the fraud check has not decided.
    fraudScore: p.integer().nullable(),
    fraudFactors: p.json<readonly Factor[]>().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
    history: () => p.oneToMany(PaymentHistorySchema).mappedBy('payment'),
    refunds: () => p.oneToMany(RefundSchema).mappedBy('payment'),
    entries: () => p.oneToMany(LedgerEntrySchema).mappedBy('payment'),
  },
});

export const RefundSchema = defineEntity({
  name: 'Refund',
  tableName: 'refunds',
  properties: {
    id: p.uuid().primary(),
    // The key of the refund at the provider and in the ledger.
    key: p.text().unique(),
    // The idempotency key of the call that wants it. An operation has at most one refund that is not FAILED.
    operationKey: p.text(),
    payment: () => p.manyToOne(PaymentSchema),
    amountMinor: p.bigint('number'),
    status: p.text().$type<RefundStatus>(),
    reason: p.text(),
    paidBy: p.text().$type<PaidBy>(),
    // Why the provider refused it, when it did last; people decide then.
    refusal: p.text().nullable(),
    // Of a refund that was paid by other means: the payment, the words and the user id of the operator.
    outsideReference: p.text().nullable(),
    outsideReason: p.text().nullable(),
    outsideActorId: p.uuid().nullable(),
    providerReference: p.text().nullable().unique(),
    createdAt: p.datetime().defaultRaw('now()'),
    completedAt: p.datetime().nullable(),
  },
});

/** Written by the transition that it reports; the relay takes it from here. */
export const PaymentEventSchema = defineEntity({
  name: 'PaymentEvent',
  tableName: 'outbox',
  properties: { ...outboxColumns, type: p.text().$type<PaymentEventType>() },
});

/** One row per transition. The schema lets no transition be without its event. */
export const PaymentHistorySchema = defineEntity({
  name: 'PaymentHistory',
  tableName: 'payment_history',
  properties: {
    id: p.bigint('number').primary().autoincrement(),
    payment: () => p.manyToOne(PaymentSchema),
    status: p.text().$type<PaymentStatus>(),
    reason: p.text().nullable(),
    // The refund that the transition starts or ends.
    refund: () => p.manyToOne(RefundSchema).nullable().deleteRule('restrict'),
    event: () => p.oneToOne(PaymentEventSchema).owner(),
    at: p.datetime().defaultRaw('now()'),
  },
});

export const LedgerEntrySchema = defineEntity({
  name: 'LedgerEntry',
  tableName: 'ledger_entries',
  properties: {
    id: p.bigint('number').primary().generated('identity'),
    movement: p.text().$type<Movement>(),
    operationKey: p.text(),
    payment: () => p.manyToOne(PaymentSchema),
    debitAccount: p.text().$type<Account>(),
    creditAccount: p.text().$type<Account>(),
    amountMinor: p.bigint('number'),
    currency: p.text(),
    at: p.datetime().defaultRaw('clock_timestamp()'),
  },
});

export type PaymentRow = InferEntity<typeof PaymentSchema>;
export type RefundRow = InferEntity<typeof RefundSchema>;
