import type { Reason } from '../../contracts/reasons.ts';
import { PROBLEMS } from './problems/table.ts';

/** A field that is wrong, as an RFC 6901 JSON pointer into the body or the query. */
export type FieldError = { readonly pointer: string; readonly detail: string };

/** Members of a problem document in addition to the standard ones. */
export type ProblemMembers = {
  readonly errors?: readonly FieldError[];
  readonly order_id?: string;
  readonly step?: string | null;
  readonly facts?: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
};

/** Seconds after which asking again is worth it: about as long as a process takes to restart. */
export const RETRY_AFTER_S = 1;

/** An answer that is an RFC 9457 problem. Thrown anywhere below the error middleware; `detail` is safe to show. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly reason: Reason;
  readonly status: number;
  readonly detail: string;
  readonly retryAfterS: number | undefined;
  /** With status 405: the methods of the path. */
  readonly allow: readonly string[] | undefined;
  readonly members: ProblemMembers;

  constructor(fields: {
    reason: Reason;
    detail: string;
    /** When it is not the reason's own (PROBLEMS). */
    status?: number | undefined;
    retryAfterS?: number | undefined;
    allow?: readonly string[];
    members?: ProblemMembers;
    cause?: unknown;
  }) {
    super(fields.detail, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.reason = fields.reason;
    this.status = fields.status ?? PROBLEMS[fields.reason].status;
    this.detail = fields.detail;
    this.retryAfterS = fields.retryAfterS;
    this.allow = fields.allow;
    this.members = fields.members ?? {};
  }
}

export function unavailable(cause: unknown): HttpProblem {
  return new HttpProblem({
    reason: 'unavailable',
    detail: 'A part that this needs does not answer at the moment. The same request goes on later.',
    retryAfterS: RETRY_AFTER_S,
    cause,
  });
}

export function notFound(): HttpProblem {
  return new HttpProblem({ reason: 'not_found', detail: 'There is nothing here that you may see.' });
}

/** A path that no operation has. */
export function notHere(): HttpProblem {
  return new HttpProblem({ reason: 'not_found', detail: 'There is nothing at this path.' });
}

/** A path that has operations, none of them with this method. */
export function methodNotAllowed(allow: readonly string[]): HttpProblem {
  const detail = `This path takes ${allow.join(', ')} only.`;
  return new HttpProblem({ reason: 'not_found', status: 405, detail, allow });
}

export function unauthenticated(detail: string): HttpProblem {
  return new HttpProblem({ reason: 'unauthenticated', detail });
}
