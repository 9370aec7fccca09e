import { Context, log } from '@temporalio/activity';
import type { Refusal, Result } from '../contracts/activities.ts';
import type { CallLimits } from '../platform/rpc/client.ts';
import { StatusError } from '../platform/rpc/status-error.ts';
import { contextFrom, withContext } from '../platform/telemetry/context.ts';
import { faultOf, refusalOf, undoFaultOf } from './grpc-failure.ts';

// The share of an attempt's time that its RPCs get together; the rest is for the answer to travel, so that a slow service is seen
// as a deadline that passed and not as a worker that died.
const RPC_SHARE = 0.8;

// When the first RPC of an attempt began, by performance.now(): an attempt has a context of its own.
const firstCalls = new WeakMap<Context, number>();

type Call<T> = {
  /** The RPC's name, as failures and logs show it. */
  readonly rpc: string;
  /** The order or user that the log lines of this call are about. */
  readonly about: { readonly orderId?: string; readonly userId?: string };
  readonly send: (limits: CallLimits) => Promise<T>;
};

/**
 * A forward step's call: answers with its result or the service's refusal; throws faults. `refusal` is what counts as one.
 */
export function forward<T extends object>({
  rpc,
  about,
  send,
  refusal: refusalIn = refusalOf,
}: Call<T> & { readonly refusal?: (error: StatusError) => Refusal | undefined }): Promise<Result<T>> {
  return attempt(about, async (limits) => {
    try {
      return { ok: true as const, ...(await send(limits)) };
    } catch (error: unknown) {
      const refusal = error instanceof StatusError ? refusalIn(error) : undefined;
      if (refusal) return refusal;
      throw cancelledOr(limits.signal, report(error, rpc, faultOf));
    }
  });
}

/** The call of an undo, or of what has begun and must come to its end: succeeds or throws a fault that is tried again. */
export function carriedThrough({ rpc, about, send }: Call<unknown>): Promise<void> {
  return attempt(about, async (limits) => {
    try {
      await send(limits);
    } catch (error: unknown) {
      throw cancelledOr(limits.signal, report(error, rpc, undoFaultOf));
    }
  });
}

function attempt<T>(about: Call<T>['about'], run: (limits: CallLimits & { readonly signal: AbortSignal }) => Promise<T>) {
  const context = Context.current();
  const limits = { deadlineMs: leftMs(context), signal: context.cancellationSignal };
  return withContext({ ...contextFrom(undefined), ...about }, () => run(limits));
}

/** The time that the attempt has left for RPCs; at least a millisecond, so that a call without time ends as one that was too late. */
function leftMs(context: Context): number {
  const nowMs = performance.now();
  const beganMs = firstCalls.get(context) ?? nowMs;
  firstCalls.set(context, beganMs);
  return Math.max(1, Math.floor(context.info.startToCloseTimeoutMs * RPC_SHARE - (nowMs - beganMs)));
}

/** The complete error goes to the log; the failure, which histories keep, holds less. */
function report(error: unknown, rpc: string, failureOf: typeof faultOf) {
  const failure = failureOf(error, rpc);
  log.debug('A call failed', { rpc, error });
  return failure;
}

/** A call that ended because its activity was cancelled ends as a cancellation. */
function cancelledOr(signal: AbortSignal | undefined, failure: Error): unknown {
  return signal?.aborted ? signal.reason : failure;
}
