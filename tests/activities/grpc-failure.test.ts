import { expect, test } from '@jest/globals';
import { faultOf, refusalOf, undoFaultOf } from '../../activities/grpc-failure.ts';
import { type ErrorCode, StatusError } from '../../platform/rpc/status-error.ts';

function error(code: ErrorCode, reason: string): StatusError {
  return new StatusError({ code, reason, message: 'with details that stay inside', facts: { product_id: 'p' } });
}

const TRANSIENT: ErrorCode[] = [
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'ABORTED',
  'RESOURCE_EXHAUSTED',
  'CANCELLED',
  'INTERNAL',
  'UNKNOWN',
  'DATA_LOSS',
];
const PERMANENT: ErrorCode[] = [
  'INVALID_ARGUMENT',
  'OUT_OF_RANGE',
  'ALREADY_EXISTS',
  'UNIMPLEMENTED',
  'PERMISSION_DENIED',
  'UNAUTHENTICATED',
];

test.each(['FAILED_PRECONDITION', 'NOT_FOUND'] as const)('%s with a known reason is a refusal', (code) => {
  expect(refusalOf(error(code, 'product_unknown'))).toEqual({
    ok: false,
    reason: 'product_unknown',
    facts: { product_id: 'p' },
  });
});

test('a refusal for a reason that nobody knows proves nothing, and asking again changes nothing', () => {
  const unknown = error('FAILED_PRECONDITION', 'moon_phase');

  expect(refusalOf(unknown)).toBeUndefined();
  expect(faultOf(unknown, 'a.B')).toMatchObject({ nonRetryable: true, type: 'moon_phase' });
});

test('a key used for another request is a fault: what was done under it must be undone', () => {
  const reused = error('FAILED_PRECONDITION', 'idempotency_key_reused');

  expect(refusalOf(reused)).toBeUndefined();
  expect(faultOf(reused, 'a.B').nonRetryable).toBe(true);
});

test.each(TRANSIENT)('%s is tried again', (code) => {
  expect(refusalOf(error(code, 'user_unknown'))).toBeUndefined();
  expect(faultOf(error(code, 'user_unknown'), 'a.B').nonRetryable).toBe(false);
});

test.each(PERMANENT)('%s is not tried again, except by an undo', (code) => {
  expect(refusalOf(error(code, 'user_unknown'))).toBeUndefined();
  expect(faultOf(error(code, 'validation_failed'), 'a.B').nonRetryable).toBe(true);
  expect(undoFaultOf(error(code, 'validation_failed'), 'a.B').nonRetryable).toBe(false);
});

test('an error that is no status is tried again and says nothing of itself', () => {
  const failure = faultOf(new TypeError('secret of the inside'), 'a.B');

  expect(failure).toMatchObject({ nonRetryable: false, type: 'internal', message: 'a.B answered UNKNOWN (internal)' });
  expect(failure.cause).toBeUndefined();
});

test('a failure carries code and reason, never the message or the facts of the service', () => {
  const failure = faultOf(error('UNAVAILABLE', 'unavailable'), 'payments.ProcessPayment');

  expect(failure.message).toBe('payments.ProcessPayment answered UNAVAILABLE (unavailable)');
  expect(failure.details ?? []).toEqual([]);
});
