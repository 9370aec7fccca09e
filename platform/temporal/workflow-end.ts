import type { WorkflowExecutionStatusName } from '@temporalio/client';

/** The end that each status means; null: the workflow is running, or its end is unknown. A new status of the SDK does not compile. */
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

/** The statuses of workflows that did not complete by themselves. */
export type BrokenStatus = { [S in keyof typeof ENDS]: (typeof ENDS)[S] extends 'broken' ? S : never }[keyof typeof ENDS];

export function workflowEnd({ status }: { readonly status: { readonly name: WorkflowExecutionStatusName } }) {
  return ENDS[status.name];
}
