import { isReason } from '../../contracts/reasons.ts';
import { StatusError } from '../../platform/grpc/status-error.ts';

/** What a call was refused with; fails when it was not, or with a reason that is not of the closed set. */
export async function refusal(call: Promise<unknown>) {
  const error: unknown = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof StatusError)) throw new Error('The call should have been refused', { cause: error });
  const { code, reason, message, facts } = error;
  if (!isReason(reason)) throw new Error(`Nobody knows the reason ${reason}`);
  return { code, reason, message, facts, fields: error.violations.map(({ field }) => field) };
}
