/** The workflow types of the bundle: each export is one, named as contracts name it. */
export { dispatchEvents } from './dispatch.ts';
export { order } from './order/order.ts';
export { reconcile } from './reconcile.ts';
