import type { SagaKey } from './saga-steps.ts';

const ORDER_WORKFLOW_PREFIX = 'order-';

/** One entity workflow per order; the id is the business id, so that two starts of one order are one workflow. */
export function orderWorkflowId(orderId: string): string {
  return `${ORDER_WORKFLOW_PREFIX}${orderId}`;
}

/** The order of an order's workflow; undefined for the id of any other workflow. */
export function orderIdOf(workflowId: string): string | undefined {
  return workflowId.startsWith(ORDER_WORKFLOW_PREFIX) ? workflowId.slice(ORDER_WORKFLOW_PREFIX.length) : undefined;
}

/** Operations of an order that change something, as they appear in idempotency keys. */
export type KeyedStep = SagaKey | 'commit' | 'ship' | 'deliver';

/**
 * Idempotency keys come from business ids alone: the same in every retry, attempt, run and reset, and different for
 * every operation.
 */
export function stepKey(orderId: string, step: KeyedStep): string {
  return `saga:${orderId}:${step}`;
}

export function undoKey(orderId: string, step: KeyedStep | 'submit'): string {
  return `saga:${orderId}:compensate:${step}`;
}

/** The parts of one return, each an operation of its own. */
export function returnKey(orderId: string, returnId: string, part: 'request' | 'refund' | 'restock' | 'complete'): string {
  return `saga:${orderId}:return:${returnId}:${part}`;
}

/** What an operator did: the nth retry of an order, or the resolution of one undo or of all that were open. */
export function interventionKey(orderId: string, what: `retry:${number}` | `resolve:${string}`): string {
  return `saga:${orderId}:${what}`;
}
