import { upsertSearchAttributes } from '@temporalio/workflow';
import {
  failedStepAttribute,
  needsAttentionAttribute,
  type OrderFailure,
  type OrderStatusAttribute,
  orderStatusAttribute,
} from '../../contracts/order.ts';

// Each upsert adds an event to the history, so there are as few as possible: the starter sets SUBMITTED.

export function showPaid(): void {
  upsertSearchAttributes([status('PAID')]);
}

export function showCompensating({ step }: OrderFailure): void {
  upsertSearchAttributes(
    step === null ? [status('COMPENSATING')] : [status('COMPENSATING'), { key: failedStepAttribute, value: step }],
  );
}

export function showNeedsAttention(): void {
  upsertSearchAttributes([{ key: needsAttentionAttribute, value: true }]);
}

/** `wasParked`: the order needed attention and does not any more. */
export function showCancelled({ wasParked }: { readonly wasParked: boolean }): void {
  upsertSearchAttributes(
    wasParked ? [status('CANCELLED'), { key: needsAttentionAttribute, value: false }] : [status('CANCELLED')],
  );
}

/** The end of a confirmed order that was not cancelled. */
export function showEnd(end: 'DELIVERED' | 'RETURNED'): void {
  upsertSearchAttributes([status(end)]);
}

function status(value: OrderStatusAttribute) {
  return { key: orderStatusAttribute, value };
}
