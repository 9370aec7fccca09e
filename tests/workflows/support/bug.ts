/**
 * Puts a bug into the order workflow: this module is in the tests' bundle only, as an interceptor. An order whose memo says
 * `bug: before:createOrder` meets a TypeError where its code calls createOrder, `after:…` where it has returned; with
 * `violation:…` its code does there what is not deterministic.
 */
import { type WorkflowInterceptorsFactory, workflowInfo } from '@temporalio/workflow';

// Calls that are one activity: no workflow code comes between them.
const CONFIRMS: readonly string[] = ['confirmReservation', 'confirmOrder'];

export const interceptors: WorkflowInterceptorsFactory = () => {
  async function withBug(activity: string, call: () => Promise<unknown>): Promise<unknown> {
    // Not known yet when the interceptor is made.
    const { bug } = workflowInfo().memo ?? {};
    const [when, where] = typeof bug === 'string' ? bug.split(':') : [];
    const here = where === activity || (activity === 'confirm' && CONFIRMS.includes(where ?? ''));
    if (here && when === 'before') undefinedProperty();
    if (here && when === 'violation') new WeakRef({}).deref();
    const result = await call();
    if (here && when === 'after') undefinedProperty();
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
