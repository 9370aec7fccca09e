/**
 * The order workflow as its callers see it. Plain JSON types: ids, quantities and amounts, never personal data; the
 * payment method is the provider's opaque token.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { ConfirmedOrder } from './confirmed-order.ts';
import type { Line } from './money.ts';
import type { Reason } from './reasons.ts';
import type { CompensationStep, SagaState, StepName } from './saga-steps.ts';

export const ORDER_WORKFLOW_TYPE = 'order';

export type OrderInput = {
  readonly orderId: string;
  readonly userId: string;
  readonly lines: readonly Line[];
  readonly paymentMethod: string;
  /** When orders recorded the submission, in RFC 3339. Prices are those of that time. */
  readonly submittedAt: string;
  /** Milliseconds after which a forward step gives up; less than a reservation's life. */
  readonly stepLimitMs: number;
  /** Milliseconds after its delivery in which an order can be returned. */
  readonly returnWindowMs: number;
};

/** Why an order was not confirmed. `step` is null when it was cancelled by request. */
export type OrderFailure = {
  readonly step: StepName | null;
  readonly reason: Reason;
  /** Facts that are safe to show, such as product_id and available_quantity. */
  readonly facts: Readonly<Record<string, string>>;
};

/** The one end of an order's saga. */
export type OrderOutcome =
  | { readonly status: 'confirmed'; readonly paymentId: string; readonly order: ConfirmedOrder }
  | { readonly status: 'cancelled'; readonly failure: OrderFailure };

/** The workflow's result: the outcome of a saga that was undone, or the last state of a confirmed order. */
export type OrderEnd = OrderOutcome | { readonly status: 'closed' | 'returned'; readonly paymentId: string };

export type OrderStatusView = {
  readonly sagaState: SagaState;
  /** The current step; null when the saga has ended or is undoing. */
  readonly step: StepName | null;
  readonly failure: OrderFailure | null;
  /** The order is parked: undos keep failing, and an operator is asked to look (SG6). */
  readonly needsAttention: boolean;
  /** With needsAttention: the steps whose undo is open, newest first. */
  readonly openUndos?: readonly CompensationStep[];
};

export const statusQuery = defineQuery<OrderStatusView>('status');

/** Answers the saga's outcome when it has ended. All callers use the same update id, so they wait for the same Update. */
export const outcomeUpdate = defineUpdate<OrderOutcome>('outcome');
export const OUTCOME_UPDATE_ID = 'outcome';

export const orderStatusAttribute = defineSearchAttributeKey('OrderStatus', SearchAttributeType.KEYWORD);
export const failedStepAttribute = defineSearchAttributeKey('FailedStep', SearchAttributeType.KEYWORD);
export const needsAttentionAttribute = defineSearchAttributeKey('NeedsAttention', SearchAttributeType.BOOL);

/** Every search attribute that the platform registers, as a worker does at its start. */
export const SEARCH_ATTRIBUTES = [orderStatusAttribute, failedStepAttribute, needsAttentionAttribute] as const;

/**
 * Temporal's visibility query for parked orders (SG6), used by the metric and the list. Excludes orders that were terminated
 * while they were parked: they wait for the reconciler, not for an operator.
 */
export const PARKED_ORDERS = `WorkflowType = '${ORDER_WORKFLOW_TYPE}' AND ${needsAttentionAttribute.name} = true AND ExecutionStatus = 'Running'`;

/** What OrderStatus holds while and after the saga runs. */
export type OrderStatusAttribute = 'SUBMITTED' | 'PAID' | 'COMPENSATING' | 'CANCELLED' | 'DELIVERED' | 'RETURNED';
