/**
 * Any sequence of calls, repetitions, changed bodies, crashes, restarts, leases that run out and undos, on the real record: after
 * each step it says what a map from key to outcome says, and there is one effect for every answer that was stored.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { once } from '../../platform/idempotency/once.ts';
import { abandon, claim, complete, renew, tombstone } from '../../platform/idempotency/record.ts';
import type { SqlPool } from '../../platform/persistence/pool.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import { isDatabaseUnavailable } from '../../platform/persistence/unavailable.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { effect, openRecordLab, operation, type RecordLab } from './support/record-lab.ts';
import { type Body, Model, type Outcome } from './support/record-model.ts';

// Sequences; some 30 ms each, far more on a busy machine: a connection that died is made anew, with its password checked.
const RUNS = Number(process.env.MODEL_RUNS ?? 200);
const LIMIT_MS = 30_000 + RUNS * 300;
const LEASE_MS = 3_600_000;

let lab: RecordLab;
/** The process at work: a restart is another pool. */
let database: SqlPool;

beforeAll(async () => {
  lab = await openRecordLab();
  database = lab.open(2);
});

afterAll(() => lab.close());

// Two keys and two bodies, so that sequences repeat them as retries do and as mistakes do.
const key = fc.constantFrom('a', 'b');
const body = fc.constantFrom('one' as const, 'one' as const, 'two' as const);
const owner = fc.constantFrom('first', 'second');
const verdict = fc.constantFrom(...(['answer', 'answer', 'refuse', 'fault', 'crash after claim', 'crash after effect'] as const));
const anyStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ step: fc.constant('call' as const), key, body, verdict }) },
  { weight: 4, arbitrary: fc.record({ step: fc.constant('begin' as const), key, body, owner }) },
  {
    weight: 4,
    arbitrary: fc.record({ step: fc.constant('finish' as const), key, owner, crash: fc.constantFrom(false, false, true) }),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constantFrom('renew' as const, 'abandon' as const), key, owner }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('expire' as const), key }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('undo' as const), key }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('restart' as const) }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** The connection dies as it does with its process: PostgreSQL ends it in the middle of the transaction. */
function die({ sql }: { readonly sql: Sql }): Promise<unknown> {
  return sql.query('select pg_terminate_backend(pg_backend_pid())');
}

function outcomeOf(error: unknown): Outcome {
  if (isDatabaseUnavailable(error)) return 'crash';
  if (!(error instanceof StatusError)) return 'fault';
  if (error.reason === 'idempotency_key_reused') return 'reused';
  if (error.reason === 'order_cancelled') return 'undone';
  return error.code === 'ABORTED' ? 'busy' : `refused ${error.message}`;
}

/** One call in one transaction, ending as `verdict` says if it comes to an effect. */
async function call(
  { body: given, verdict: ending }: Step & { step: 'call' },
  { under, words }: { readonly under: string; readonly words: string },
): Promise<Outcome> {
  const { response, replayed } = await once(database, operation(under, given), async (transaction) => {
    if (ending === 'crash after claim') await die(transaction);
    await effect(under, words)(transaction);
    if (ending === 'crash after effect') await die(transaction);
    if (ending === 'fault') throw new Error('A bug');
    if (ending === 'refuse') throw new StatusError({ code: 'FAILED_PRECONDITION', reason: 'insufficient_stock', message: words });
    return words;
  });
  return replayed ? `replayed ${response}` : `stored ${response}`;
}

async function begin(under: string, given: Body, by: string): Promise<Outcome> {
  const { response: _, ...claimable } = operation(under, given);
  const claimed = await claim(database, { ...claimable, lease: { owner: by, durationMs: LEASE_MS } });
  return claimed.state === 'mine' ? 'done' : `replayed ${claimed.response.toString()}`;
}

/** The owner's effect and answer. It learns that it was taken over when it settles, and everything rolls back. */
async function finish(under: string, by: string, words: string, crash: boolean): Promise<Outcome> {
  await database.transaction(async (transaction) => {
    await effect(under, words)(transaction);
    await complete(transaction.sql, under, Buffer.from(words), by);
    if (crash) await die(transaction);
  });
  return 'done';
}

async function done(work: Promise<unknown>): Promise<Outcome> {
  await work;
  return 'done';
}

/** The same, by an owner, to whom a record that is another's looks busy. */
async function asOwner(work: Promise<unknown>): Promise<Outcome> {
  const outcome = await done(work).catch(outcomeOf);
  return outcome === 'busy' ? 'fenced' : outcome;
}

/** Makes the later times of the record earlier: the owner has been silent for too long. */
function expire(under: string): Promise<unknown> {
  const late = `update idempotency set locked_until = now() - interval '1 second' where key = $1 and state = 'in_progress'`;
  return database.query(late, [under]);
}

/** One step: how it must end, and how it does. `by` is its owner, if it has one. */
function perform(
  step: Exclude<Step, { step: 'restart' }>,
  model: Model,
  { under, by, words }: { readonly under: string; readonly by: string; readonly words: string },
): { readonly expected: Outcome; readonly seen: Promise<Outcome> } {
  switch (step.step) {
    case 'call':
      return {
        expected: model.call(under, step.body, step.verdict, words),
        seen: call(step, { under, words }),
      };
    case 'begin':
      return { expected: model.begin(under, step.body, by), seen: begin(under, step.body, by) };
    case 'finish':
      return { expected: model.finish(under, by, words, step.crash), seen: asOwner(finish(under, by, words, step.crash)) };
    case 'renew':
      return { expected: model.renew(under, by), seen: asOwner(renew(database, under, { owner: by, durationMs: LEASE_MS })) };
    case 'abandon':
      return { expected: model.abandon(under, by), seen: done(abandon(database, under, by)) };
    case 'undo':
      return { expected: model.undo(under), seen: done(tombstone(database, under, 'Operate')) };
    case 'expire':
      return { expected: model.expire(under), seen: done(expire(under)) };
  }
}

async function storedUnder(under: string) {
  const [row] = await database.query<{ state: string }>('select state from idempotency where key = $1', [under]);
  return { state: row?.state ?? 'absent', effects: await lab.effects(under) };
}

test(
  'I10 I19 I29 I39 I40 no sequence of calls, crashes, restarts, expiries and undos leads away from the model',
  async () => {
    const reached = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 2, maxLength: 12 }), async (steps) => {
        const model = new Model();
        const owners = { first: randomUUID(), second: randomUUID() };
        const keys = { a: randomUUID(), b: randomUUID() };
        for (const [place, step] of steps.entries()) {
          if (step.step === 'restart') {
            database = await lab.reopen(database, 2);
            // Who worked in the old process is gone; who works in another one, stopped for a while, is not.
            owners.first = randomUUID();
            continue;
          }
          const by = owners['owner' in step ? step.owner : 'first'];
          const { seen, expected } = perform(step, model, { under: keys[step.key], by, words: `step ${place}` });
          const outcome = await seen.catch(outcomeOf);
          expect(outcome).toBe(expected);
          reached.add(`${step.step}: ${outcome.split(' ')[0]}`);
        }
        for (const under of Object.values(keys)) expect(await storedUnder(under)).toEqual(model.stateOf(under));
      }),
      { numRuns: RUNS },
    );
    // Otherwise the sequences were too tame to prove anything.
    expect([...reached].toSorted()).toEqual(expect.arrayContaining(REACHED));
  },
  LIMIT_MS,
);

const REACHED = [
  ...['stored', 'replayed', 'refused', 'reused', 'undone', 'busy', 'fault', 'crash'].map((outcome) => `call: ${outcome}`),
  ...['done', 'replayed', 'refused', 'reused', 'undone', 'busy'].map((outcome) => `begin: ${outcome}`),
  ...['done', 'fenced', 'crash'].map((outcome) => `finish: ${outcome}`),
  ...['undo: done', 'undo: busy', 'renew: done', 'renew: fenced', 'abandon: done', 'expire: done'],
];
