import { defineEntity, p } from '@mikro-orm/core';
import { illegalTransition } from './errors.ts';
import type { Factor } from './fraud.ts';

export const PAYMENT_STATUSES = [
  'PENDING',
  'AUTHORIZED',
  'PROCESSING',
  'COMPLETED',
  'REFUNDING',
  'REFUNDED',
  'FAILED',
  'VOIDED',
] as const;

export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** Where a payment may go from each status. A partial refund returns to COMPLETED. */
export const TRANSITIONS: Readonly<Record<PaymentStatus, readonly PaymentStatus[]>> = {
  PENDING: ['AUTHORIZED', 'FAILED'],
  AUTHORIZED: ['PROCESSING', 'VOIDED', 'FAILED'],
  PROCESSING: ['COMPLETED', 'FAILED'],
  COMPLETED: ['REFUNDING'],
  REFUNDING: ['REFUNDED', 'COMPLETED'],
  REFUNDED: [],
  FAILED: [],
  VOIDED: [],
};

/** Throws FAILED_PRECONDITION illegal_transition unless every step is allowed after the one before it. */
export function assertTransitions(from: PaymentStatus, steps: readonly PaymentStatus[]): void {
  let current = from;
  for (const step of steps) {
    if (!TRANSITIONS[current].includes(step)) throw illegalTransition(current, step);
    current = step;
  }
}

/** What a payment passes on its way from `from` to captured. */
export function stepsToCapture(from: PaymentStatus): readonly PaymentStatus[] {
  const path: readonly PaymentStatus[] = ['AUTHORIZED', 'PROCESSING', 'COMPLETED'];
  return path.slice(path.indexOf(from) + 1);
}

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
    // Both null while the fraud check has not decided.
    fraudScore: p.integer().nullable(),
    fraudFactors: p.json<readonly Factor[]>().nullable(),
    createdAt: p.datetime().defaultRaw('now()'),
    updatedAt: p.datetime().defaultRaw('now()'),
  },
});

export class Payment extends PaymentSchema.class {
  /** Whether the provider's answer is not known here yet. */
  isUnsettled(): boolean {
    return this.status === 'PENDING' || this.status === 'AUTHORIZED' || this.status === 'PROCESSING';
  }

  /** Captured and not given back, in minor units. */
  keptMinor(): number {
    return this.capturedMinor - this.refundedMinor;
  }
}
PaymentSchema.setClass(Payment);

export const PaymentHistorySchema = defineEntity({
  name: 'PaymentHistory',
  tableName: 'payment_history',
  properties: {
    id: p.bigint('number').primary().autoincrement(),
    payment: () => p.manyToOne(PaymentSchema),
    status: p.text().$type<PaymentStatus>(),
    reason: p.text().nullable(),
    at: p.datetime().defaultRaw('now()'),
  },
});

export class PaymentHistory extends PaymentHistorySchema.class {}
PaymentHistorySchema.setClass(PaymentHistory);

export const RefundSchema = defineEntity({
  name: 'Refund',
  tableName: 'refunds',
  properties: {
    // The idempotency key of the refund, here and at the provider.
    key: p.text().primary(),
    payment: () => p.manyToOne(PaymentSchema),
    amountMinor: p.bigint('number'),
    status: p.text().$type<'PENDING' | 'COMPLETED'>(),
    reason: p.text(),
    providerReference: p.text().nullable().unique(),
    createdAt: p.datetime().defaultRaw('now()'),
    completedAt: p.datetime().nullable(),
  },
});

export class Refund extends RefundSchema.class {}
RefundSchema.setClass(Refund);

export const ENTITIES = [PaymentSchema, PaymentHistorySchema, RefundSchema];
