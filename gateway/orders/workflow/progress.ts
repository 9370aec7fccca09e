import type { WorkflowExecutionDescription } from '@temporalio/client';
import { orderWorkflowId } from '../../../contracts/ids.ts';
import { type OrderStatusAttribute, type OrderStatusView, orderStatusAttribute, statusQuery } from '../../../contracts/order.ts';
import { workflowEnd } from '../../../platform/temporal/workflow-end.ts';
import type { Temporal } from './connection.ts';
import { type Retrying, retryingOf } from './retrying.ts';

// Milliseconds for the description and the query together; a worker answers the query. With the order's record before it and once
// more after it (orders/read) the status stays within three seconds.
const PROGRESS_LIMIT_MS = 1_200;

/**
 * `over`: the saga has ended, and the order's record shows how; the record of a workflow that was terminated in its saga is open
 * until it is settled. `unknown`: neither the server nor a worker answers.
 */
export type Progress = { readonly retrying: Retrying | undefined } & (
  | { readonly saga: 'at work'; readonly view: OrderStatusView }
  | { readonly saga: 'over' | 'unknown'; readonly view: undefined }
);

const AT_WORK: ReadonlySet<string> = new Set<OrderStatusAttribute>(['SUBMITTED', 'COMPENSATING']);

export function createProgress({ client, within }: Pick<Temporal, 'client' | 'within'>) {
  return {
    /**
     * The saga's progress, and the step that is being retried. Queries only a saga at work: a worker that has not cached the order
     * replays its complete history to answer, and SDK 1.24 can lose a slot for workflow tasks when its cache is full.
     */
    progress(orderId: string): Promise<Progress> {
      const handle = client.workflow.getHandle(orderWorkflowId(orderId));
      return within(PROGRESS_LIMIT_MS, async () => {
        const description = await handle.describe().catch(() => undefined);
        if (!description) return { saga: 'unknown', view: undefined, retrying: undefined };
        const retrying = retryingOf(description.raw.pendingActivities ?? []);
        if (isOver(description)) return { saga: 'over', view: undefined, retrying };
        const view = await handle.query(statusQuery).catch(() => undefined);
        return view ? { saga: 'at work', view, retrying } : { saga: 'unknown', view, retrying };
      });
    },
  };
}

/** Whether the saga has ended, according to the server: the workflow has, or its status attribute comes after the saga. */
function isOver(description: WorkflowExecutionDescription): boolean {
  const shown = description.typedSearchAttributes.get(orderStatusAttribute);
  return workflowEnd(description) !== null || (shown !== undefined && !AT_WORK.has(shown));
}
