/** The context of one request, kept by OpenTelemetry's context API: it follows every await, timer and event of the request. */
import { randomBytes } from 'node:crypto';
import { context, createContextKey, createTraceState, type SpanContext, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/** The span that a request is in, and the ids that its log lines carry. Ids only, no personal data. */
export type RequestContext = SpanContext & {
  userId?: string;
  orderId?: string;
};

/** The W3C trace context of a message: of HTTP headers, gRPC metadata or Temporal headers. */
export type TraceHeaders = { readonly traceparent?: string | undefined; readonly tracestate?: string | undefined };

const REQUEST = createContextKey('shopfast.request');

// W3C Trace Context level 1: version 00, no all-zero ids.
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

export function currentContext(): RequestContext | undefined {
  // Only withContext sets this key.
  return context.active().getValue(REQUEST) as RequestContext | undefined;
}

export function withContext<T>(request: RequestContext, run: () => T): T {
  return context.with(trace.setSpanContext(context.active(), request).setValue(REQUEST, request), run);
}

/** Adds the ids that the request is about: the log lines that follow carry them. */
export function annotate(about: { readonly userId?: string; readonly orderId?: string }): void {
  const request = currentContext();
  if (request) Object.assign(request, about);
}

/** Continues the caller's trace with a new span. An absent or malformed traceparent starts a new trace, which is sampled. */
export function contextFrom(traceparent: string | undefined, tracestate?: string): RequestContext {
  const [, traceId, , flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  return {
    traceId: traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags: flags === undefined ? TraceFlags.SAMPLED : Number.parseInt(flags, 16),
    // The specification: a tracestate without a valid traceparent is ignored.
    ...(traceId !== undefined && tracestate ? { traceState: createTraceState(tracestate) } : {}),
  };
}

export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** The headers that continue the current trace in the process that receives them; empty outside a request. */
export function outgoingTraceHeaders(): TraceHeaders {
  const request = currentContext();
  if (!request) return {};
  const tracestate = request.traceState?.serialize();
  return { traceparent: traceparentOf(request), ...(tracestate ? { tracestate } : {}) };
}
