/** What the workflow bundle offers: each export is a workflow type, named as contracts name it. */
export { dispatchEvents } from './dispatch-events.ts';
export { order } from './order.ts';
export { reconcile } from './reconcile.ts';
