/**
 * The task queues of the platform, one per role. Work in the background never takes a slot from an order: it has workers of its
 * own, in the same process or in another one.
 */
export const TASK_QUEUES = ['orders', 'background'] as const;

export type TaskQueue = (typeof TASK_QUEUES)[number];

/** Order workflows and the activities that call the services for them. */
export const ORDERS_TASK_QUEUE = 'orders' satisfies TaskQueue;

/** What serves no order in particular: the dispatcher of events and the reconciler. */
export const BACKGROUND_TASK_QUEUE = 'background' satisfies TaskQueue;
