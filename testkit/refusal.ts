import { isReason } from '../contracts/reasons.ts';
import { StatusError } from '../platform/rpc/status-error.ts';

/** What a call was refused with; fails when it was not, or with a reason that is not of the closed set. */
export async function refusal(call: Promise<unknown>) {
  const { code, reason, message, facts, violations } = await failed(call);
  return { code, reason, message, facts, fields: violations.map(({ field }) => field) };
}

/** All that the machines of a caller can tell of an error: code and reason, facts, fields, and when to come again. */
export async function richError(call: Promise<unknown>) {
  const { code, reason, facts, violations, retryDelayMs } = await failed(call);
  return { code, reason, facts, fields: violations.map(({ field }) => field), retryDelayMs };
}

async function failed(call: Promise<unknown>): Promise<StatusError> {
  const error: unknown = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof StatusError)) throw new Error('The call should have been refused', { cause: error });
  if (!isReason(error.reason)) throw new Error(`Nobody knows the reason ${error.reason}`);
  return error;
}
