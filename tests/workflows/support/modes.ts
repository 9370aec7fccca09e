/** How a worker of the matrix remembers the workflows it has begun. */
export const MODES = [
  { mode: 'remembered', settings: {}, ordersAtOnce: 24 },
  {
    mode: 'replayed',
    // One task at a time: without a cache the SDK drops a workflow task whose local activities run beside another one's.
    settings: { maxCachedWorkflows: 0, maxConcurrentWorkflowTaskExecutions: 1, maxConcurrentWorkflowTaskPolls: 1 },
    ordersAtOnce: 12,
  },
] as const;

export type Mode = (typeof MODES)[number];
