import type { Reason } from '../../../contracts/reasons.ts';
import { OPERATIONS } from '../../../gateway/app.ts';
import { declaredProblems } from '../../../gateway/http/problems/declared.ts';
import type { Operation } from '../../../gateway/http/route.ts';
import { problem } from '../../../gateway/http/schemas.ts';

/** Every answer that a test sees has to be what the OpenAPI document says of it. */
export function expectDescribed(seen: { method: string; path: string; status: number; json: unknown }): void {
  const path = seen.path.replace(/\?.*$/, '');
  const versioned = /^\/(v\d+|\.well-known|docs|openapi\.json|health|metrics)(\/|$)/.test(path) ? path : `/v1${path}`;
  const matching = OPERATIONS.filter((operation) => new RegExp(`^${operation.path.replace(/:\w+/g, '[^/]+')}$`).test(versioned));
  // Of /users/me and /users/:id the first is meant.
  const [first] = matching.toSorted((one, other) => one.path.split(':').length - other.path.split(':').length);
  const operation = matching.find(({ path: pattern, method }) => pattern === first?.path && method === seen.method);
  if (!operation) return;
  if (seen.status >= 400) {
    if (seen.json !== undefined) expectDeclared(operation, seen.status, problem.parse(seen.json).reason);
    return;
  }
  const answer = operation.answers[seen.status];
  if (!answer) throw new Error(`${operation.id} is not described to answer ${seen.status}`);
  answer.schema?.parse(seen.json);
}

function expectDeclared(operation: Operation, status: number, reason: Reason): void {
  if (declaredProblems(operation).get(status)?.has(reason)) return;
  throw new Error(`${operation.id} is not described to answer ${status} with ${reason}`);
}
