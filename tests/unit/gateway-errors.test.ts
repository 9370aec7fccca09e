import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { REASONS } from '../../contracts/reasons.ts';
import { problemOf } from '../../gateway/http/errors.ts';
import { renderProblems } from '../../gateway/http/problems/document.ts';
import { PROBLEMS } from '../../gateway/http/problems/table.ts';
import { type ErrorCode, StatusError } from '../../platform/rpc/status-error.ts';

const INTERNAL = 'connect ECONNREFUSED 10.0.0.7:9003';

// The usual translation; 499 is nginx's for a caller who has gone.
const STATUSES: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  FAILED_PRECONDITION: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UNKNOWN: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(STATUSES, code);
}

test.each(Object.keys(STATUSES).filter(isCode))('%s from the transport is answered in our own words', (code) => {
  const problem = problemOf(new StatusError({ code, reason: code.toLowerCase(), message: INTERNAL }));
  expect(problem.status).toBe(STATUSES[code]);
  expect(REASONS).toContain(problem.reason);
  // Without a word of ours only UNAUTHENTICATED and its like may speak; an address is in none of them.
  if (!['UNAUTHENTICATED'].includes(code)) expect(problem.detail).not.toContain('10.0.0.7');
});

test.each(['ABORTED', 'RESOURCE_EXHAUSTED', 'UNAVAILABLE', 'DEADLINE_EXCEEDED'] as const)('%s says when to ask again', (code) => {
  expect(problemOf(new StatusError({ code, reason: 'x', message: '' })).retryAfterS).toBe(1);
  expect(problemOf(new StatusError({ code, reason: 'x', message: '', retryDelayMs: 4_200 })).retryAfterS).toBe(5);
});

test.each([
  ['payment_declined', 402],
  ['payment_method_invalid', 402],
  ['insufficient_stock', 409],
  ['illegal_transition', 409],
  ['idempotency_key_reused', 422],
])('a refusal for %s is %i in the words and with the facts of the service', (reason, status) => {
  const refusal = new StatusError({ code: 'FAILED_PRECONDITION', reason, message: 'Refused', facts: { product_id: 'p' } });
  expect(problemOf(refusal)).toMatchObject({ status, reason, detail: 'Refused', members: { facts: { product_id: 'p' } } });
});

test.each([
  ['email', 'email_taken'],
  ['sku', 'sku_taken'],
])('a taken %s is 409 %s with its field', (field, reason) => {
  const violations = [{ field, description: 'is taken' }];
  const refusal = new StatusError({ code: 'ALREADY_EXISTS', reason: 'validation_failed', message: 'Taken', violations });
  const errors = [{ pointer: `/${field}`, detail: 'is taken' }];
  expect(problemOf(refusal)).toMatchObject({ status: 409, reason, detail: 'Taken', members: { errors } });
});

test('a limit on work in flight is 503 with Retry-After under every code', () => {
  for (const code of ['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION'] as const) {
    const problem = problemOf(new StatusError({ code, reason: 'overloaded', message: INTERNAL }));
    expect(problem).toMatchObject({ status: 503, reason: 'overloaded', retryAfterS: 1, detail: 'Overloaded' });
  }
});

test('the key as services know it is not shown', () => {
  const facts = { key: 'submit:client:user:key', product_id: 'p' };
  const refusal = new StatusError({ code: 'FAILED_PRECONDITION', reason: 'idempotency_key_reused', message: 'Reused', facts });
  expect(problemOf(refusal).members.facts).toEqual({ product_id: 'p' });
});

test('fields of a message are named as the JSON outside names them', () => {
  const violations = [{ field: 'lines.0.productId', description: 'must be a UUID' }];
  const error = new StatusError({ code: 'INVALID_ARGUMENT', reason: 'validation_failed', message: 'Wrong', violations });
  expect(problemOf(error).members.errors).toEqual([{ pointer: '/lines/0/product_id', detail: 'must be a UUID' }]);
});

test('what is not found says nothing of whether it exists', () => {
  const error = new StatusError({ code: 'NOT_FOUND', reason: 'user_unknown', message: 'No user', facts: { user_id: 'u' } });
  expect(problemOf(error)).toMatchObject({ status: 404, reason: 'not_found', members: {} });
});

test('every reason has a row that tells what it means and what to show', () => {
  expect(Object.keys(PROBLEMS).toSorted()).toEqual([...REASONS].toSorted());
  for (const { status, title, meaning, show } of Object.values(PROBLEMS)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(Math.min(title.length, meaning.length, show.length)).toBeGreaterThan(5);
  }
});

test('docs/problems.md is what the table says', () => {
  expect(readFileSync(new URL('../../docs/problems.md', import.meta.url), 'utf8')).toBe(renderProblems());
});
