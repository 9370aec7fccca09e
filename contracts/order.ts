/**
 * The order workflow as its callers see it. Plain JSON types: ids, quantities and amounts, never personal data; the
 * payment method is the provider's opaque token.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { CompensationStep, SagaState, SagaStep } from './activities.ts';
import type { ConfirmedOrder } from './confirmed-order.ts';
import type { Line } from './lines.ts';
import type { Reason } from './reasons.ts';

export const ORDER_WORKFLOW_TYPE = 'order';

export type OrderInput = {
  readonly orderId: string;
  readonly userId: string;
  readonly lines: readonly Line[];
  readonly paymentMethod: string;
  /** Milliseconds after which a forward step gives up; less than a reservation's life. */
  readonly stepLimitMs: number;
  /**
   * Milliseconds after its delivery in which an order can be returned. Absent in orders that began before orders lived on:
   * such a workflow ends with its saga.
   */
  readonly returnWindowMs?: number;
  /** Stock and order are confirmed by one activity; absent in orders that began when there were two. */
  readonly confirmsAtOnce?: boolean;
  /** Stock is released whenever the saga is undone (SG1); absent in orders that began when its step had to be in the history. */
  readonly releasesAlways?: boolean;
  /** Ship, deliver and return are in the history before they change anything (LF4); absent in orders that began before that. */
  readonly recordsCommands?: boolean;
  /** Milliseconds that one round of undos tries each of them before the order is parked; absent: as the policies say. */
  readonly undoRoundMs?: number;
};

/**
 * What every order begins with; orders that began before lack some of it. No worker may run that does not know a field set here,
 * as long as orders with it are open (docs/guides/changing-workflow-code.md).
 */
export const NEW_ORDER = {
  confirmsAtOnce: true,
  releasesAlways: true,
  recordsCommands: true,
} as const satisfies Partial<OrderInput>;

/** Why an order was not confirmed. `step` is null when it was cancelled by request. */
export type OrderFailure = {
  readonly step: SagaStep | null;
  readonly reason: Reason;
  /** Facts that are safe to show, such as product_id and available_quantity. */
  readonly facts: Readonly<Record<string, string>>;
};

/** The one end of an order's saga. */
export type OrderOutcome =
  /** `order` is absent in what was confirmed before orders told: then its record is read. */
  | { readonly status: 'confirmed'; readonly paymentId: string; readonly order?: ConfirmedOrder }
  | { readonly status: 'cancelled'; readonly failure: OrderFailure };

/** What the workflow ends with: a saga that was undone, or the last state of a confirmed order. */
export type OrderEnd = OrderOutcome | { readonly status: 'closed' | 'returned'; readonly paymentId: string };

export type OrderStatusView = {
  readonly sagaState: SagaState;
  /** The step at work now; null when the saga has ended or is undoing. */
  readonly step: SagaStep | null;
  readonly failure: OrderFailure | null;
  /** The order is parked: undos keep failing, and an operator is asked to look (SG6). */
  readonly needsAttention: boolean;
  /** With needsAttention: the steps whose undo is open, newest first. */
  readonly openUndos?: readonly CompensationStep[];
};

export const statusQuery = defineQuery<OrderStatusView>('status');

/** Answers when the saga has ended, with its outcome. Its update id is its name: every caller waits for the same one. */
export const outcomeUpdate = defineUpdate<OrderOutcome>('outcome');
export const OUTCOME_UPDATE_ID = 'outcome';

export const orderStatusAttribute = defineSearchAttributeKey('OrderStatus', SearchAttributeType.KEYWORD);
export const failedStepAttribute = defineSearchAttributeKey('FailedStep', SearchAttributeType.KEYWORD);
export const needsAttentionAttribute = defineSearchAttributeKey('NeedsAttention', SearchAttributeType.BOOL);

/** Every search attribute that the platform registers, as a worker does at its start. */
export const SEARCH_ATTRIBUTES = [orderStatusAttribute, failedStepAttribute, needsAttentionAttribute] as const;

/**
 * Asks Temporal's visibility for parked orders (SG6): who counts them and who lists them mean the same. One that was terminated
 * while it was parked waits for the reconciler and for no operator.
 */
export const PARKED_ORDERS = `WorkflowType = '${ORDER_WORKFLOW_TYPE}' AND ${needsAttentionAttribute.name} = true AND ExecutionStatus = 'Running'`;

/** What OrderStatus holds while and after the saga runs. */
export type OrderStatusAttribute = 'SUBMITTED' | 'PAID' | 'COMPENSATING' | 'CANCELLED' | 'DELIVERED' | 'RETURNED';
