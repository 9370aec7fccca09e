import { context, createContextKey } from '@opentelemetry/api';
// Installs the context manager.
import '../telemetry/context.ts';

/** The limits of the call that the current work belongs to. Statements and calls of that work end when the call ends. */
export type CallScope = {
  /** Aborted when the caller has cancelled the call or its deadline has passed; `reason` is the StatusError that says which. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970; Infinity without a deadline. */
  readonly deadlineAtMs: number;
};

const CALL = createContextKey('shopfast.call');

export function currentCall(): CallScope | undefined {
  // Only withCall sets this key.
  return context.active().getValue(CALL) as CallScope | undefined;
}

export function withCall<T>(call: CallScope, run: () => T): T {
  return context.with(context.active().setValue(CALL, call), run);
}

/**
 * Runs work that must not end with the call that starts it: returning a lease, recording what a payment provider has answered, a batch
 * that also serves other calls, a background loop.
 */
export function shielded<T>(run: () => T): T {
  return context.with(context.active().deleteValue(CALL), run);
}
