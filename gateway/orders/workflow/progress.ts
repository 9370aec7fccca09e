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
 * `ended`: the saga has ended, and the order's record shows how. If the workflow was terminated during its saga, the record stays
 * open until the order is settled. `unknown`: the server or the worker does not answer.
 */
export type Progress = { readonly retrying: Retrying | undefined } & (
  | { readonly saga: 'running'; readonly view: OrderStatusView }
  | { readonly saga: 'ended' | 'unknown'; readonly view: undefined }
);

const RUNNING: ReadonlySet<string> = new Set<OrderStatusAttribute>(['SUBMITTED', 'COMPENSATING']);

export function createProgress({ client, within }: Pick<Temporal, 'client' | 'within'>) {
  return {
    /**
     * The saga's progress, and the step that is being retried. Queries only a running saga: a worker that has not cached the
     * order replays its complete history to answer, and SDK 1.24 can lose a slot for workflow tasks when its cache is full.
     */
    progress(orderId: string): Promise<Progress> {
      const handle = client.workflow.getHandle(orderWorkflowId(orderId));
      return within(PROGRESS_LIMIT_MS, async () => {
        const description = await handle.describe().catch(() => undefined);
        if (!description) return { saga: 'unknown', view: undefined, retrying: undefined };
        const retrying = retryingOf(description.raw.pendingActivities ?? []);
        if (hasEnded(description)) return { saga: 'ended', view: undefined, retrying };
        const view = await handle.query(statusQuery).catch(() => undefined);
        return view ? { saga: 'running', view, retrying } : { saga: 'unknown', view, retrying };
      });
    },
  };
}

/**
 * Whether the saga has ended according to the server: the workflow has ended, or its status attribute is one that follows the
 * saga.
 */
function hasEnded(description: WorkflowExecutionDescription): boolean {
  const shown = description.typedSearchAttributes.get(orderStatusAttribute);
  return workflowEnd(description) !== null || (shown !== undefined && !RUNNING.has(shown));
}
