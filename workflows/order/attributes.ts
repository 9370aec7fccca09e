import { upsertSearchAttributes } from '@temporalio/workflow';
import {
  failedStepAttribute,
  needsAttentionAttribute,
  type OrderFailure,
  type OrderStatusAttribute,
  orderStatusAttribute,
} from '../../contracts/order.ts';

// Each upsert is an event in the history, so the starter sets SUBMITTED and PAID is both a state and an end.

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

/** `attended`: it needed attention and does not any more. */
export function showCancelled({ attended }: { readonly attended: boolean }): void {
  upsertSearchAttributes(
    attended ? [status('CANCELLED'), { key: needsAttentionAttribute, value: false }] : [status('CANCELLED')],
  );
}

/** The end of a confirmed order that was not cancelled. */
export function showEnd(end: 'DELIVERED' | 'RETURNED'): void {
  upsertSearchAttributes([status(end)]);
}

function status(value: OrderStatusAttribute) {
  return { key: orderStatusAttribute, value };
}
