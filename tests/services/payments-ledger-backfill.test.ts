/** What was there before the ledger, and what an instance of the release before writes while it is replaced. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openDatabase } from '../../platform/persistence/database.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { ENTITIES } from '../../services/payments/entity.ts';
import { MIGRATIONS } from '../../services/payments/migrations/index.ts';
import { openPayments, type PaymentsFixture, type PaymentsInstance, violated } from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  const before = MIGRATIONS.slice(0, 2);
  const logger = createLogger('test', 'fatal');
  await (await openDatabase({ url: fixture.url, entities: ENTITIES, migrations: before, logger })).close();
});

afterAll(() => fixture.close());

/** A payment of 100 as releases without a ledger wrote it, captured on day 1, with refunds that began on days 2, 3, …. */
async function paidBefore(refunds: readonly { amountMinor: number; completed: boolean }[]): Promise<string> {
  const id = randomUUID();
  const refunded = refunds.reduce((sum, { amountMinor, completed }) => sum + (completed ? amountMinor : 0), 0);
  const pending = refunds.some(({ completed }) => !completed);
  const status = pending ? 'REFUNDING' : refunded === 100 ? 'REFUNDED' : 'COMPLETED';
  await fixture.sql(
    `insert into payments (id, order_id, user_id, charge_key, amount_minor, currency, status, captured_minor, refunded_minor,
       provider_reference) values ($1, $1, $1, $2, 100, 'EUR', $3, 100, $4, $5)`,
    [id, `charge ${id}`, status, refunded, `ch ${id}`],
  );
  const history = ['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED'];
  for (const { completed } of refunds) history.push('REFUNDING', ...(completed ? [status] : []));
  await fixture.sql(
    `insert into payment_history (payment_id, status, at)
     select $1, status, timestamptz '2026-01-01' + greatest(place - 4, 0) * interval '12 hours'
     from unnest($2::text[]) with ordinality as step (status, place) order by place`,
    [id, history],
  );
  for (const [place, { amountMinor, completed }] of refunds.entries()) {
    await fixture.sql(
      `insert into refunds (key, payment_id, amount_minor, status, reason, created_at, provider_reference, completed_at)
       select $1, $2, $3, case when $5::boolean then 'COMPLETED' else 'PENDING' end, 'return', began, case when $5 then $1 end,
         case when $5 then began + interval '12 hours' end
       from (select timestamptz '2026-01-02' + $4::integer * interval '1 day' as began) as times`,
      [`refund ${place} ${id}`, id, amountMinor, place, completed],
    );
  }
  return id;
}

async function entries(id: string): Promise<string[]> {
  const rows = await fixture.sql<{ line: string }>(
    `select concat_ws(' ', to_char(at at time zone 'UTC', 'MM-DD HH24'), movement, replace(operation_key, $1, '*'), amount_minor) as line
     from ledger_entries where payment_id = $1::uuid order by id`,
    [id],
  );
  return rows.map(({ line }) => line);
}

test('payments and refunds of before are posted with their own times, and the ledger agrees with them', async () => {
  const whole = await paidBefore([]);
  const parts = await paidBefore([
    { amountMinor: 30, completed: true },
    { amountMinor: 20, completed: false },
  ]);
  const refunded = await paidBefore([{ amountMinor: 100, completed: true }]);
  payments = await fixture.start();

  expect(await entries(whole)).toEqual(['01-01 00 captured charge * 100']);
  expect(await entries(parts)).toEqual([
    '01-01 00 captured charge * 100',
    '01-02 00 refund_started refund 0 * 30',
    '01-02 12 refund_completed refund 0 * 30',
    '01-03 00 refund_started refund 1 * 20',
  ]);
  expect(await entries(refunded)).toHaveLength(3);
  const rules = Object.keys(await violated(payments)).filter((rule) => rule.startsWith('ledger'));
  expect(rules).toEqual([]);
});

test('what an old instance writes during the roll-out is found by the audit and posted by the backfill, once', async () => {
  const late = await paidBefore([{ amountMinor: 10, completed: true }]);
  expect(await violated(payments)).toMatchObject({
    ledger_agrees_with_payments: [late],
    ledger_entry_per_movement: [late, late, late],
  });
  const backfill = () => fixture.sql('select ledger_backfill() as posted');
  expect([await backfill(), await backfill()]).toEqual([[{ posted: '3' }], [{ posted: '0' }]]);
  const rules = Object.keys(await violated(payments)).filter((rule) => rule.startsWith('ledger'));
  expect(rules).toEqual([]);
});
