/**
 * Puts a bug into the order workflow: this module is in the tests' bundle only, as an interceptor. An order whose memo says
 * `bug: before:createOrder` meets a TypeError where its code calls createOrder, `after:…` where it has returned; with
 * `violation:…` its code does there what is not deterministic.
 */
import { type WorkflowInterceptorsFactory, workflowInfo } from '@temporalio/workflow';

export const interceptors: WorkflowInterceptorsFactory = () => {
  async function withBug(activity: string, call: () => Promise<unknown>): Promise<unknown> {
    // Not known yet when the interceptor is made.
    const bug = workflowInfo().memo?.bug;
    if (bug === `before:${activity}`) undefinedProperty();
    if (bug === `violation:${activity}`) new WeakRef({}).deref();
    const result = await call();
    if (bug === `after:${activity}`) undefinedProperty();
    return result;
  }
  return {
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
