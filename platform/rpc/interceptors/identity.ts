/** The ids that a call is about, in its log lines. */
import { annotate } from '../../telemetry/context.ts';
import { entityId } from '../fields.ts';
import type { ServerInterceptor } from '../interceptor.ts';

/** Takes `order_id` and `user_id` from the request, before anything has validated it: only UUIDs reach the log. */
export function identifySubject(): ServerInterceptor {
  return function identifySubjectInterceptor(call, next) {
    const orderId = idIn(call.request, 'orderId');
    const userId = idIn(call.request, 'userId');
    annotate({ ...(orderId ? { orderId } : {}), ...(userId ? { userId } : {}) });
    return next(call);
  };
}

function idIn(request: unknown, field: string): string | undefined {
  if (typeof request !== 'object' || request === null) return undefined;
  return entityId.safeParse(Reflect.get(request, field)).data;
}
