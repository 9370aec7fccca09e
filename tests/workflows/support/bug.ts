/**
 * Puts a bug into the order workflow: this module is in the tests' bundle only, as an interceptor. An order whose payment
 * method is `bug:before:createOrder` meets a TypeError where its code calls createOrder, `bug:after:…` where it has returned;
 * with `violation:…` its code does there what is not deterministic.
 */
import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';
import type { OrderInput } from '../../../contracts/order.ts';

export const interceptors: WorkflowInterceptorsFactory = () => {
  let bug = '';
  async function withBug(activity: string, call: () => Promise<unknown>): Promise<unknown> {
    if (bug === `bug:before:${activity}`) undefinedProperty();
    if (bug === `violation:before:${activity}`) new WeakRef({}).deref();
    const result = await call();
    if (bug === `bug:after:${activity}`) undefinedProperty();
    return result;
  }
  return {
    inbound: [
      {
        async execute(input, next) {
          const [order] = input.args as [OrderInput];
          bug = order.paymentMethod;
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => withBug(input.activityType, () => next(input)),
        scheduleLocalActivity: (input, next) => withBug(input.activityType, () => next(input)),
      },
    ],
  };
};

function undefinedProperty(): never {
  throw new TypeError("Cannot read properties of undefined (reading 'amount')");
}
