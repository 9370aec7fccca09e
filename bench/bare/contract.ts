import { defineUpdate } from '@temporalio/workflow';

/** The same shape as an order, with nothing in it: Update-with-Start on five regular activities that do nothing. */
export const BARE_TASK_QUEUE = 'bare';
export const BARE_WORKFLOW_TYPE = 'bare';
export const bareOutcome = defineUpdate<string>('outcome');
export type BareActivities = { step(n: number): Promise<number> };
