// The tables of errors: what each call of a service answers when it cannot do what it is asked, to the last detail.
import { expect, test } from '@jest/globals';
import type { Reason } from '../../contracts/reasons.ts';
import type { UnaryCalls } from '../../platform/rpc/client.ts';
import type { ServiceDefinition } from '../../platform/rpc/methods.ts';
import type { ErrorCode } from '../../platform/rpc/status-error.ts';
import { richError } from '../../testkit/refusal.ts';

const LIMITS = { deadlineMs: 20_000 };
// What an unavailable service names as the time to come again.
const RETRY_DELAY_MS = 1_000;

type Facts = Readonly<Record<string, string>>;

export type ErrorRow<Calls> = {
  readonly rpc: string & keyof Calls;
  readonly when: string;
  /** Brings the situation about, then answers with the call to be made and the facts that its error must name. */
  readonly given: () => Promise<{ readonly call: () => Promise<unknown>; readonly facts?: Facts }>;
  readonly code: ErrorCode;
  readonly reason: Reason;
  readonly fields?: readonly string[];
  readonly retryDelayMs?: number;
};

export function tamperedCursor<Calls>(rpc: string & keyof Calls, field: string, call: () => Promise<unknown>): ErrorRow<Calls> {
  const given = async () => ({ call });
  return {
    rpc,
    when: 'the cursor was tampered with',
    given,
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: [field],
  };
}

/** One test for each row: the code, the reason and every detail, and none besides. */
export function testErrors<Calls>(rows: readonly ErrorRow<Calls>[]): void {
  test.each(rows)('$rpc, when $when: $code $reason', async ({ given, code, reason, fields = [], retryDelayMs }) => {
    const { call, facts = {} } = await given();
    expect(await richError(call())).toEqual({ code, reason, facts, fields, retryDelayMs });
  });
}

// What every request must name that has a field for it.
const NAMES = /^(idempotencyKey|undoesKey|\w+Id)$/;

/**
 * One test for each call: the fields that an empty request is refused for; none when it asks for something sensible. A call that is
 * not listed is refused for its keys and ids.
 */
export function testEmptyRequests<D extends ServiceDefinition>(
  definition: D,
  calls: () => UnaryCalls<D>,
  fieldsOf: { readonly [Call in keyof D]?: readonly string[] },
): void {
  for (const [rpc, { requestDeserialize }] of Object.entries(definition)) {
    const fields = fieldsOf[rpc] ?? Object.keys(Object(requestDeserialize(Buffer.alloc(0)))).filter((field) => NAMES.test(field));
    const outcome = fields.length === 0 ? 'is answered' : `is INVALID_ARGUMENT, naming ${fields.join(', ')}`;
    test(`${rpc}, when the request is empty, ${outcome}`, async () => {
      const answer = calls()[rpc]?.(requestDeserialize(Buffer.alloc(0)) as never, LIMITS) ?? Promise.resolve();
      if (fields.length === 0) await answer;
      else {
        expect(await richError(answer)).toEqual({
          code: 'INVALID_ARGUMENT',
          reason: 'validation_failed',
          facts: {},
          fields,
          retryDelayMs: undefined,
        });
      }
    });
  }
}

/** The last test of a file: without its database each of the calls says when to come again. */
export function testUnavailable(takeAway: () => Promise<void>, calls: () => readonly Promise<unknown>[]): void {
  test('without its database it is UNAVAILABLE, and says when to come again', async () => {
    await takeAway();
    const errors = await Promise.all(calls().map(richError));
    expect(errors).not.toEqual([]);
    for (const error of errors) {
      expect(error).toEqual({ code: 'UNAVAILABLE', reason: 'unavailable', facts: {}, fields: [], retryDelayMs: RETRY_DELAY_MS });
    }
  });
}
