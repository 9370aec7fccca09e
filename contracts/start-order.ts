/**
 * How the gateway and the reconciler start an order's workflow. The gateway's start also asks for the outcome
 * (Update-with-Start). A second start of an order joins its running workflow; a workflow that has ended is not started again.
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
