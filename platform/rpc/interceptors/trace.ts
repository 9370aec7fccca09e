/** The W3C trace context crosses every call: a server's spans and log lines belong to its caller's trace. */
import type { Metadata } from '@grpc/grpc-js';
import { contextFrom, outgoingTraceHeaders, withContext } from '../../telemetry/context.ts';
import type { ClientInterceptor, ServerInterceptor } from '../interceptor.ts';

export function sendTrace(): ClientInterceptor {
  return function sendTraceInterceptor(call, next) {
    const { traceparent, tracestate } = outgoingTraceHeaders();
    if (traceparent) call.metadata.set('traceparent', traceparent);
    if (tracestate) call.metadata.set('tracestate', tracestate);
    return next(call);
  };
}

/** Opens the request context of a call, with a new span in the caller's trace. */
export function receiveTrace(): ServerInterceptor {
  return function receiveTraceInterceptor(call, next) {
    const context = contextFrom(textOf(call.metadata, 'traceparent'), textOf(call.metadata, 'tracestate'));
    return withContext(context, () => next(call));
  };
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === 'string' ? value : undefined;
}
