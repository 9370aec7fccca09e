/**
 * Any calls, in any order, some at once, with the provider or the instance failing at any moment: when all of them have
 * been repeated until they had an answer, the money is right.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { PaymentStatus } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { ProviderUnavailable } from '../../services/payments/domain/provider.ts';
import { insist, UNKNOWN } from '../../testkit/insist.ts';
import { around } from './payments-disturbed.ts';
import {
  LIMITS,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
  payment,
  read,
  refundOf,
  undoOf,
  violated,
} from './payments-fixture.ts';

// Orders that are tried, each with up to 7 calls.
const RUNS = 40;
const AMOUNT_MINOR = 1_000;

let fixture: PaymentsFixture;
let instances: PaymentsInstance[];
/** What happens at the next moments of provider calls, whoever makes them; nothing when it is used up. */
let script: ('fine' | 'crash' | 'lost')[] = [];

beforeAll(async () => {
  fixture = await openPayments();
  const disturb = around(async () => {
    const event = script.shift() ?? 'fine';
    if (event === 'crash') throw new Error('The process died here');
    if (event === 'lost') throw new ProviderUnavailable('No answer');
  });
  instances = [await fixture.start(disturb), await fixture.start(disturb)];
});

afterAll(() => fixture.close());

const operation = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'charge' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'undo' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('refund' as const), amountMinor: fc.integer({ min: 1, max: 700 }) }) },
);
const run = fc.record({
  token: fc.constantFrom('tok_ok', 'tok_ok', 'tok_declined'),
  operations: fc.array(fc.record({ operation, atOnce: fc.boolean(), instance: fc.nat(1) }), { minLength: 1, maxLength: 6 }),
  script: fc.array(fc.constantFrom('fine', 'fine', 'crash', 'lost'), { maxLength: 12 }),
});

function firstOf(all: readonly PaymentsInstance[]): PaymentsInstance {
  const [first] = all;
  if (!first) throw new Error('An instance was expected');
  return first;
}

/** The answer; null for a refusal, which is an answer too. Faults are repeated. */
async function settled<T>(call: () => Promise<T>): Promise<T | null> {
  try {
    return await insist(call, { again: [...UNKNOWN, 'INTERNAL'] });
  } catch (error: unknown) {
    if (error instanceof StatusError && ['FAILED_PRECONDITION', 'NOT_FOUND'].includes(error.code)) return null;
    throw error;
  }
}

test('whatever happens, what is kept is what was captured and not given back, here and at the provider', async () => {
  await fc.assert(
    fc.asyncProperty(run, async ({ token, operations, script: events }) => {
      const request = payment({ paymentMethod: token, amount: { amountMinor: AMOUNT_MINOR, currency: 'EUR' } });
      const { orderId } = request;
      script = [...events];
      let charges = 0;
      let givenBack = 0;
      const perform = async ({ operation: { kind, ...given }, instance }: (typeof operations)[number]) => {
        const service = instances[instance];
        if (!service) throw new Error('An instance was expected');
        if (kind === 'charge') {
          if (await settled(() => service.processPayment(request, LIMITS))) charges += 1;
          return;
        }
        const amount = 'amountMinor' in given ? given.amountMinor : undefined;
        const refund = kind === 'undo' ? undoOf(request) : refundOf(request, amount);
        const answer = await settled(() => service.refundPayment(refund, LIMITS));
        if (kind === 'refund') givenBack += answer?.refundedMinor ?? 0;
      };
      // A refund that is no undo waits for a charge, so the charge is always among the calls.
      const calls = [...operations, { operation: { kind: 'charge' as const }, atOnce: false, instance: 0 }];
      const atWork: Promise<void>[] = [];
      for (const call of calls) {
        atWork.push(perform(call));
        if (!call.atOnce) await Promise.all(atWork.splice(0));
      }
      await Promise.all(atWork);

      const undone = operations.some((call) => call.operation.kind === 'undo');
      const entries = await fixture.entriesOf(orderId);
      const sum = (wanted: string) => entries.reduce((total, [kind, minor]) => total + (kind === wanted ? minor : 0), 0);
      expect([0, AMOUNT_MINOR]).toContain(sum('capture'));
      if (token === 'tok_declined') expect(sum('capture')).toBe(0);
      if (charges > 0) expect(sum('capture')).toBe(AMOUNT_MINOR);
      if (undone) expect(sum('refund')).toBe(sum('capture'));
      else expect(sum('refund')).toBe(givenBack);

      const [exists] = await fixture.sql('select 1 from payments where order_id = $1', [orderId]);
      if (!exists) return expect(entries).toEqual([]);
      const seen = await read(firstOf(instances), orderId);
      expect(seen.refundedMinor).toBe(sum('refund'));
      const {
        PAYMENT_STATUS_COMPLETED: completed,
        PAYMENT_STATUS_REFUNDED: refunded,
        PAYMENT_STATUS_FAILED: failed,
      } = PaymentStatus;
      const kept = sum('capture') - sum('refund');
      expect(seen.status).toBe(kept > 0 ? completed : sum('capture') > 0 ? refunded : failed);
    }),
    { numRuns: RUNS },
  );
  const { ours, theirs } = await fixture.books();
  expect(ours.length).toBeGreaterThan(0);
  expect(theirs).toEqual(ours);
  expect(await violated(firstOf(instances))).toEqual({});
});
