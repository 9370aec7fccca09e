/**
 * Deadlines and cancellation cross every hop. A server's work runs within its call (call-scope.ts): its statements end with it, and its
 * own calls to other services get at most the remaining time.
 */
import { currentCall, withCall } from '../call-scope.ts';
import type { ClientInterceptor, ServerInterceptor } from '../interceptor.ts';

/** A call out of a call ends at the earlier of both deadlines, and when either is cancelled. */
export function boundByCaller(): ClientInterceptor {
  return async function boundByCallerInterceptor(call, next) {
    const caller = currentCall();
    if (!caller) return next(call);
    caller.signal.throwIfAborted();
    return next({
      ...call,
      deadlineAtMs: Math.min(call.deadlineAtMs, caller.deadlineAtMs),
      signal: call.signal ? AbortSignal.any([call.signal, caller.signal]) : caller.signal,
    });
  };
}

/** Runs the handler within the limits of its call. */
export function withinCall(): ServerInterceptor {
  return function withinCallInterceptor(call, next) {
    const { signal, deadlineAtMs } = call;
    return withCall({ signal, deadlineAtMs }, () => next(call));
  };
}
