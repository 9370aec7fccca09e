import { STATUS_CODES } from 'node:http';
import type { HttpProblem } from '../problem.ts';
import { PROBLEMS } from './table.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** The RFC 9457 document of a problem. `url` is what was asked for, when it is known. */
export function problemJson(
  { reason, status, detail, members }: HttpProblem,
  { traceId, url }: { readonly traceId: string | undefined; readonly url: string | undefined },
): string {
  const row = PROBLEMS[reason];
  return JSON.stringify({
    // Served by this gateway, so that the link works wherever it runs.
    type: `/docs/problems.md#${reason}`,
    title: status === row.status ? row.title : (STATUS_CODES[status] ?? row.title),
    status,
    detail,
    reason,
    trace_id: traceId,
    // Without its query, which may hold what a person typed.
    instance: url?.split('?')[0],
    ...members,
  });
}
