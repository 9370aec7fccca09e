import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** What every log line and every outgoing call of one request carries. Ids only, no personal data. */
export type RequestContext = {
  readonly traceId: string;
  readonly spanId: string;
  /** W3C trace flags, two hex digits. */
  readonly flags: string;
  userId?: string;
  orderId?: string;
};

const storage = new AsyncLocalStorage<RequestContext>();

// W3C Trace Context level 1: version 00, no all-zero ids.
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

export function currentContext(): RequestContext | undefined {
  return storage.getStore();
}

export function withContext<T>(context: RequestContext, run: () => T): T {
  return storage.run(context, run);
}

/** Says whom or what the request is about: from here on its log lines carry it. */
export function annotate(about: { readonly userId?: string; readonly orderId?: string }): void {
  const context = currentContext();
  if (context) Object.assign(context, about);
}

/** Continues the caller's trace with a new span; an absent or malformed header starts a new trace. */
export function contextFrom(traceparent: string | undefined): RequestContext {
  const match = TRACEPARENT.exec(traceparent ?? '');
  return {
    traceId: match?.[1] ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    flags: match?.[3] ?? '01',
  };
}

export function traceparentOf(context: RequestContext): string {
  return `00-${context.traceId}-${context.spanId}-${context.flags}`;
}
