import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Effect, EffectsPage } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import type { ProcessPaymentRequest } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { refusal } from '../../testkit/refusal.ts';
import { authorized } from './payments-authorized.ts';
import {
  failure,
  LIMITS,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
  payment,
  refundOf,
  undoOf,
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;
let request: ProcessPaymentRequest;
let voided: Awaited<ReturnType<typeof authorized>>;
let betweenRefunds: Date | undefined;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
  request = payment();
  await payments.processPayment(request, LIMITS);
  await payments.refundPayment(refundOf(request, 1_000), LIMITS);
  await failure(payments.processPayment(payment({ paymentMethod: 'tok_declined' }), LIMITS));
  voided = await authorized(fixture);
  await payments.voidPayment({ idempotencyKey: 'void', orderId: voided.orderId, reason: 'order_cancelled' }, LIMITS);
  const [now] = await fixture.sql<{ now: Date }>('select clock_timestamp() as now');
  betweenRefunds = now?.now;
  await payments.refundPayment(undoOf(request), LIMITS);
});

afterAll(() => fixture.close());

function list(page: Partial<EffectsPage> = {}) {
  return payments.listEffects({ page: { since: undefined, pageSize: 0, cursor: '', ...page } }, LIMITS);
}

test('what was charged, refunded and voided is told with amount and provider reference, oldest first', async () => {
  const theirs = await fixture.provider.entriesOf(request.orderId);
  const refundIds = theirs.filter(({ kind }) => kind === 'refund').map(({ refund_id }) => refund_id);
  const { effects, nextCursor } = await list();
  const of = (kind: string, reference: string | null | undefined, amountMinor: number) => ({
    sequence: expect.any(Number),
    kind,
    orderId: request.orderId,
    userId: request.userId,
    reference,
    amount: { amountMinor, currency: 'EUR' },
    at: expect.any(Date),
  });
  expect(effects).toEqual([
    of('charged', theirs[0]?.charge_id, 2_599),
    of('refunded', refundIds[0], 1_000),
    { ...of('voided', voided.chargeId, 2_599), orderId: voided.orderId, userId: expect.any(String) },
    of('refunded', refundIds[1], 1_599),
  ]);
  expect(nextCursor).toBe('');
  const sequences = effects.map(({ sequence }) => sequence);
  expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
  expect(await payments.listEffects({ page: undefined }, LIMITS)).toEqual({ effects, nextCursor });
});

test.each([1, 2, 3, 4])('pages of %s give each effect once', async (pageSize) => {
  const { effects } = await list();
  const all: Effect[] = [];
  let cursor = '';
  do {
    const page = await list({ pageSize, cursor });
    expect(page.effects.length).toBeGreaterThan(0);
    expect(page.effects.length).toBeLessThanOrEqual(pageSize);
    all.push(...page.effects);
    cursor = page.nextCursor;
  } while (cursor !== '');
  expect(all).toEqual(effects);
});

test('since a time there is what happened then and later', async () => {
  const { effects } = await list();
  expect((await list({ since: betweenRefunds })).effects).toEqual(effects.slice(-1));
  expect((await list({ since: new Date(Date.now() + 60_000) })).effects).toEqual([]);
});

test.each([
  ['a cursor that nobody gave', { cursor: 'nonsense' }, 'page.cursor'],
  ['a page of 1001', { pageSize: 1_001 }, 'page.pageSize'],
  ['a page of -1', { pageSize: -1 }, 'page.pageSize'],
])('%s is an invalid argument', async (_, page, field) => {
  expect(await refusal(list(page))).toMatchObject({ code: 'INVALID_ARGUMENT', reason: 'validation_failed', fields: [field] });
});
