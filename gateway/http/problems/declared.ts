/** The one place that knows which problems an operation can answer, by its descriptor: the API document declares them. */
import type { Reason } from '../../../contracts/reasons.ts';
import { IDEMPOTENCY_KEY } from '../idempotency-key.ts';
import type { Operation } from '../route.ts';
import { PROBLEMS } from './table.ts';

/** Reasons by status. Some reasons have several statuses: the boundary that refuses decides. */
export type DeclaredProblems = ReadonlyMap<number, ReadonlySet<Reason>>;

export function declaredProblems({ method, path, access, query, body, headers, problems = [] }: Operation): DeclaredProblems {
  const byStatus = new Map<number, Set<Reason>>();
  const add = (reason: Reason, ...statuses: readonly number[]) => {
    for (const status of statuses.length > 0 ? statuses : [PROBLEMS[reason].status]) {
      byStatus.set(status, (byStatus.get(status) ?? new Set()).add(reason));
    }
  };
  // Of requests that are malformed, too slow, too large or expect something (server/parser-errors.ts).
  add('validation_failed', 400, 408, 417, 431);
  // A key or a token that is wrong, also where none is needed.
  add('unauthenticated');
  if (typeof access !== 'string') add('forbidden');
  if (path.includes(':')) add('not_found');
  if (query) add('validation_failed', 400, 422);
  if (body) add('validation_failed', 400, 413, 415, 422);
  // Another request is changing the same record, or has the same key.
  if (method !== 'GET') add('conflict');
  if (headers && Object.hasOwn(headers, IDEMPOTENCY_KEY)) {
    add('idempotency_key_missing');
    add('idempotency_key_reused');
  }
  for (const reason of problems) add(reason);
  // 501 from a service that is older than this gateway.
  add('internal', 500, 501);
  add('overloaded');
  add('unavailable');
  add('deadline_exceeded');
  return byStatus;
}
