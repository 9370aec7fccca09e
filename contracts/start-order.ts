/**
 * The one place that builds how an order's workflow is started. The gateway starts it with the question for its outcome
 * (Update-with-Start), the reconciler without; two starts of one order are one workflow, and one that has ended is not begun again.
 */
import type { SearchAttributePair } from '@temporalio/common';
import { orderWorkflowId } from './ids.ts';
import { type OrderInput, type OrderStatusAttribute, orderStatusAttribute } from './order.ts';
import { ORDERS_TASK_QUEUE } from './task-queues.ts';

const FIRST_STATUS = 'SUBMITTED' satisfies OrderStatusAttribute;

/** Options for `client.workflow.start` and `WithStartWorkflowOperation`; tests give a task queue of their own. */
export function startOrderOptions(input: OrderInput, taskQueue: string = ORDERS_TASK_QUEUE) {
  const args: [OrderInput] = [input];
  const typedSearchAttributes: SearchAttributePair[] = [{ key: orderStatusAttribute, value: FIRST_STATUS }];
  return {
    workflowId: orderWorkflowId(input.orderId),
    taskQueue,
    args,
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    typedSearchAttributes,
    staticSummary: `Order ${input.orderId}`,
  } as const;
}
