import type { WorkflowExecutionStatusName } from '@temporalio/client';

/** How each status ends a workflow; null: it goes on, or nobody knows, which is no end. A new status of the SDK has to be added. */
const ENDS = {
  COMPLETED: 'completed',
  FAILED: 'broken',
  CANCELLED: 'broken',
  TERMINATED: 'broken',
  TIMED_OUT: 'broken',
  RUNNING: null,
  PAUSED: null,
  CONTINUED_AS_NEW: null,
  UNSPECIFIED: null,
  UNKNOWN: null,
} as const satisfies Readonly<Record<WorkflowExecutionStatusName, 'completed' | 'broken' | null>>;

/** The statuses of workflows that did not come to an end of their own. */
export type BrokenStatus = { [S in keyof typeof ENDS]: (typeof ENDS)[S] extends 'broken' ? S : never }[keyof typeof ENDS];

export function workflowEnd({ status }: { readonly status: { readonly name: WorkflowExecutionStatusName } }) {
  return ENDS[status.name];
}
