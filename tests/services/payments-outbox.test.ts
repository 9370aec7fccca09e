/** Every transition of a payment is an event in the outbox until it is relayed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';
import { authorized } from './payments-authorized.ts';
import { pauseAt } from './payments-disturbed.ts';
import {
  chargedUnknown,
  failure,
  LIMITS,
  openPayments,
  type PaymentsFixture,
  type PaymentsInstance,
  payment,
  read,
  refundOf,
  undoOf,
} from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;
beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
});
afterAll(() => fixture.close());

async function unrelayed(limit = 500): Promise<Event[]> {
  return (await payments.outbox.listUnrelayed({ limit }, LIMITS)).events;
}

async function emitted(orderId: string): Promise<[type: string, amountMinor: number | undefined, facts: object][]> {
  const events = (await unrelayed()).filter((event) => event.orderId === orderId);
  return events.map(({ type, amount, facts }) => [type, amount?.amountMinor, facts]);
}

test('each transition of a payment emits its event, and each refund has its own amount', async () => {
  const request = payment();
  const { paymentId: payment_id } = await payments.processPayment(request, LIMITS);
  await payments.refundPayment(refundOf(request, 599), LIMITS);
  await payments.refundPayment(refundOf(request), LIMITS);
  expect(await emitted(request.orderId)).toEqual([
    ['payment.started', 2_599, { payment_id }],
    ['payment.authorized', 2_599, { payment_id }],
    ['payment.processing', 2_599, { payment_id }],
    ['payment.captured', 2_599, { payment_id }],
    ['payment.refund_started', 599, { payment_id, reason: 'return' }],
    ['payment.refunded', 599, { payment_id, reason: 'return' }],
    ['payment.refund_started', 2_000, { payment_id, reason: 'return' }],
    ['payment.refunded', 2_000, { payment_id, reason: 'return' }],
  ]);
  const [event] = (await unrelayed()).filter(({ orderId }) => orderId === request.orderId);
  expect(event).toMatchObject({ userId: request.userId, sequence: 0, amount: { currency: 'EUR' } });
});

test('a refused payment emits its reason, and no event holds a token', async () => {
  const request = payment({ paymentMethod: 'tok_declined' });
  await failure(payments.processPayment(request, LIMITS));
  const { id: payment_id } = await read(payments, request.orderId);
  expect(await emitted(request.orderId)).toEqual([
    ['payment.started', 2_599, { payment_id }],
    ['payment.failed', 2_599, { payment_id, reason: 'payment_declined' }],
  ]);
  const [{ text } = { text: 'tok_' }] = await fixture.sql<{ text: string }>(
    'select string_agg(outbox::text, chr(10)) as text from outbox',
  );
  expect(text).not.toMatch(/tok_/);
});

test('a void emits its event, and a charge that its undo records emits each event once, in order', async () => {
  const held = await authorized(fixture);
  await payments.voidPayment({ idempotencyKey: 'void', orderId: held.orderId, reason: 'order_cancelled' }, LIMITS);
  expect((await emitted(held.orderId)).at(-1)).toEqual([
    'payment.voided',
    expect.any(Number),
    { payment_id: held.id, reason: 'order_cancelled' },
  ]);

  const request = await chargedUnknown(payments);
  await payments.refundPayment(undoOf(request), LIMITS);
  expect((await emitted(request.orderId)).map(([type]) => type)).toEqual([
    'payment.started',
    'payment.authorized',
    'payment.processing',
    'payment.captured',
    'payment.refund_started',
    'payment.refunded',
  ]);
});

test('a transition that is rolled back leaves no event', async () => {
  const pause = pauseAt('charge', 'after');
  const service = await fixture.start(pause.disturb);
  const request = payment();
  const call = failure(service.processPayment(request, LIMITS));
  await pause.arrived;
  await fixture.sql('alter table ledger_entries rename to away');
  pause.letGo();
  await call;
  await fixture.sql('alter table away rename to ledger_entries');
  expect((await emitted(request.orderId)).map(([type]) => type)).toEqual(['payment.started']);
});

test('what is marked is not listed again, oldest first, and marking twice or something unknown changes nothing', async () => {
  const all = await unrelayed();
  const first = await unrelayed(3);
  expect(first).toEqual(all.slice(0, 3));
  const eventIds = first.map(({ id }) => id);
  for (let n = 0; n < 2; n += 1) await payments.outbox.markRelayed({ eventIds: [...eventIds, payment().orderId] }, LIMITS);
  expect(await unrelayed()).toEqual(all.slice(3));
});

test('an event that commits late is listed, though later ones were marked before', async () => {
  const [slow, fast] = [payment(), payment()];
  const insert = (orderId: string) =>
    `insert into outbox (id, type, order_id, user_id) values (gen_random_uuid(), 'payment.started', '${orderId}', gen_random_uuid())`;
  const late = await fixture.connect();
  await late.query('begin');
  await late.query(insert(slow.orderId));
  await fixture.sql(insert(fast.orderId));
  expect(await emitted(fast.orderId)).toHaveLength(1);
  await payments.outbox.markRelayed({ eventIds: (await unrelayed()).map(({ id }) => id) }, LIMITS);
  await late.query('commit');
  late.release();
  expect((await unrelayed()).map(({ orderId }) => orderId)).toEqual([slow.orderId]);
});

test('an event is never changed or removed', async () => {
  for (const change of [`update outbox set type = 'payment.captured'`, 'delete from outbox', 'truncate outbox cascade']) {
    await expect(fixture.sql(change)).rejects.toMatchObject({ code: '23001' });
  }
});

// Something else of each type that the table has.
const OTHER: Readonly<Record<string, string>> = {
  uuid: 'gen_random_uuid()',
  text: `COLUMN || 'x'`,
  bigint: 'COLUMN + 1',
  integer: 'COLUMN + 1',
  character: `'USD'`,
  jsonb: `COLUMN || '{"x": "y"}'`,
  'timestamp with time zone': `COLUMN + interval '1 second'`,
};

test('of an event nothing can be written but that it was relayed, whatever columns there are', async () => {
  await payments.processPayment(payment(), LIMITS);
  const columns = await fixture.sql<{ name: string; type: string }>(
    `select column_name as name, data_type as type from information_schema.columns where table_name = 'outbox'`,
  );
  const writable: string[] = [];
  for (const { name, type } of columns) {
    // The next one of the sequence is the only other value that PostgreSQL lets an identity have.
    const other = name === 'position' ? 'default' : OTHER[type]?.replace('COLUMN', name);
    const change = `update outbox set ${name} = ${name === 'relayed_at' ? 'now()' : other}
      where id = (select id from outbox order by position desc limit 1)`;
    await fixture.sql(change).then(
      () => writable.push(name),
      (error: { code: string }) => expect(`${name} ${error.code}`).toBe(`${name} 23001`),
    );
  }
  expect(writable).toEqual(['relayed_at']);
});
