import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Finding } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import { authorized } from './payments-authorized.ts';
import {
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
/** Payment ids by what became of the payment. */
const kinds = new Map<string, string>();

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
  const requests = [payment(), payment(), payment(), payment({ paymentMethod: 'tok_declined' })] as const;
  const [completed, partly, refunded, failed] = requests;
  for (const request of [completed, partly, refunded]) await payments.processPayment(request, LIMITS);
  await payments.refundPayment(refundOf(partly, 1_000), LIMITS);
  await payments.refundPayment(undoOf(refunded), LIMITS);
  await failure(payments.processPayment(failed, LIMITS));
  const held = await authorized(fixture);
  const voided = await authorized(fixture);
  await payments.voidPayment({ idempotencyKey: 'void', orderId: voided.orderId, reason: 'order_cancelled' }, LIMITS);
  const names = ['completed', 'partly', 'refunded', 'failed'];
  for (const [index, { orderId }] of requests.entries()) kinds.set(names[index] ?? '', (await read(payments, orderId)).id);
  kinds.set('authorized', held.id).set('voided', voided.id);
});

afterAll(() => fixture.close());

async function audit(): Promise<Map<string, Finding>> {
  const { findings } = await payments.audit({}, LIMITS);
  return new Map(findings.map((finding) => [finding.rule, finding]));
}

test('healthy books have something for every rule to look at, and nothing is found', async () => {
  const findings = await audit();
  expect(findings.size).toBe(16);
  for (const finding of findings.values()) {
    expect(finding).toMatchObject({ violations: 0, examples: [] });
    expect(finding.checked).toBeGreaterThan(0);
  }
  expect(findings.get('money_within_bounds')?.checked).toBe(kinds.size);
});

test('the constraints that keep faults out are gone for the rest of this file', async () => {
  await fixture.sql(`
    do $$ declare one record; begin
      for one in select conrelid::regclass as owner, conname from pg_constraint
        where contype in ('c', 'u') and connamespace = 'public'::regnamespace loop
        execute format('alter table %s drop constraint %I', one.owner, one.conname);
      end loop;
    end $$;
    drop index refunds_one_pending;
    alter table outbox disable trigger user;
    alter table payment_history alter column event_position drop not null`);
});

// The first event of the payment exchanges its type with the second.
const EVENTS_SWAPPED = `
  update outbox set type = case type when 'payment.started' then 'payment.authorized' else 'payment.started' end
  where facts ->> 'payment_id' = $1::uuid::text and type in ('payment.started', 'payment.authorized')`;

/** What a bug past every constraint would have written: the rules that find it, in which payment, how it is made good. */
const faults: readonly { rules: string[]; kind: string; plant: string; repair: string }[] = [
  {
    rules: ['money_within_bounds', 'ledger_agrees_with_payments', 'ledger_entry_per_movement'],
    kind: 'completed',
    plant: 'update payments set captured_minor = amount_minor + 1 where id = $1',
    repair: 'update payments set captured_minor = amount_minor where id = $1',
  },
  {
    rules: ['money_within_bounds', 'refunds_add_up', 'ledger_agrees_with_payments'],
    kind: 'partly',
    plant: 'update payments set refunded_minor = captured_minor + 1 where id = $1',
    repair: 'update payments set refunded_minor = 1000 where id = $1',
  },
  {
    rules: ['refunds_add_up', 'ledger_entry_per_movement'],
    kind: 'partly',
    plant: 'update refunds set amount_minor = 999 where payment_id = $1',
    repair: 'update refunds set amount_minor = 1000 where payment_id = $1',
  },
  {
    rules: ['status_agrees_with_amounts', 'status_is_last_of_history'],
    kind: 'completed',
    plant: `update payments set status = 'AUTHORIZED' where id = $1`,
    repair: `update payments set status = 'COMPLETED' where id = $1`,
  },
  {
    rules: ['status_agrees_with_amounts', 'ledger_agrees_with_payments', 'ledger_entry_per_movement'],
    kind: 'authorized',
    plant: 'update payments set captured_minor = amount_minor where id = $1',
    repair: 'update payments set captured_minor = 0 where id = $1',
  },
  {
    rules: ['status_agrees_with_amounts'],
    kind: 'failed',
    plant: 'update payments set failure_reason = null where id = $1',
    repair: `update payments set failure_reason = 'payment_declined' where id = $1`,
  },
  {
    rules: ['status_is_last_of_history'],
    kind: 'voided',
    plant: `update payments set status = 'AUTHORIZED' where id = $1`,
    repair: `update payments set status = 'VOIDED' where id = $1`,
  },
  {
    rules: ['history_is_legal', 'every_transition_has_its_event', 'events_follow_the_history'],
    kind: 'completed',
    plant: `update payment_history set status = 'VOIDED' where payment_id = $1 and status = 'PROCESSING'`,
    repair: `update payment_history set status = 'PROCESSING' where payment_id = $1 and status = 'VOIDED'`,
  },
  {
    rules: ['refunding_has_one_pending_refund', 'ledger_agrees_with_payments', 'ledger_entry_per_movement'],
    kind: 'completed',
    plant: `insert into refunds (id, key, operation_key, payment_id, amount_minor, status, reason, paid_by)
      values (gen_random_uuid(), 'planted', 'planted', $1, 1, 'PENDING', 'return', 'provider')`,
    repair: `delete from refunds where key = 'planted' and payment_id = $1`,
  },
  {
    rules: ['every_transition_has_its_event', 'events_follow_the_history'],
    kind: 'partly',
    plant: `update outbox set type = 'payment.captured' where type = 'payment.refunded' and facts ->> 'payment_id' = $1::uuid::text`,
    repair: `update outbox set type = 'payment.refunded' where facts ->> 'payment_id' = $1::uuid::text
      and position = (select max(position) from outbox where facts ->> 'payment_id' = $1::uuid::text)`,
  },
  {
    rules: ['every_dispute_has_its_event'],
    kind: 'completed',
    plant: 'update payments set disputed_at = now() where id = $1',
    repair: 'update payments set disputed_at = null where id = $1',
  },
  {
    rules: ['events_follow_the_history'],
    kind: 'completed',
    plant: EVENTS_SWAPPED,
    repair: EVENTS_SWAPPED,
  },
  {
    rules: ['stuck', 'refunding_has_one_pending_refund', 'every_transition_has_its_event'],
    kind: 'completed',
    plant: `with noted as (insert into payment_history (payment_id, status) values ($1, 'REFUNDING'))
            update payments set status = 'REFUNDING', updated_at = updated_at - interval '61 minutes' where id = $1`,
    repair: `with noted as (delete from payment_history where payment_id = $1 and status = 'REFUNDING')
             update payments set status = 'COMPLETED', updated_at = updated_at + interval '61 minutes' where id = $1`,
  },
];

test.each(faults)('$rules find the fault in a $kind payment, and no other rule does', async ({ rules, kind, plant, repair }) => {
  const id = kinds.get(kind) ?? '';
  await fixture.sql(plant, [id]);
  try {
    const found = [...(await audit()).values()].filter(({ violations }) => violations > 0);
    expect(found.map(({ rule }) => rule).toSorted()).toEqual(rules.toSorted());
    for (const { examples } of found) expect(new Set(examples)).toEqual(new Set([id]));
  } finally {
    await fixture.sql(repair, [id]);
  }
  expect([...(await audit()).values()].filter(({ violations }) => violations > 0)).toEqual([]);
});

test('a second payment of an order is found by its order', async () => {
  const second = randomUUID();
  await fixture.sql(
    `insert into payments (id, order_id, user_id, charge_key, amount_minor, currency, status)
     select $2, order_id, user_id, 'second', 1, 'EUR', 'PENDING' from payments where id = $1`,
    [kinds.get('completed'), second],
  );
  await fixture.sql(`insert into payment_history (payment_id, status) values ($1, 'PENDING')`, [second]);
  const [row] = await fixture.sql<{ order_id: string }>('select order_id from payments where id = $1', [second]);
  expect((await audit()).get('one_payment_per_order')).toMatchObject({ violations: 1, examples: [row?.order_id] });
});

test.each(['PENDING', 'PROCESSING'])('a payment that is %s for longer than an hour is stuck', async (status) => {
  const id = randomUUID();
  const age = (minutes: number) =>
    fixture.sql(`update payments set updated_at = now() - $2::integer * interval '1 minute' where id = $1`, [id, minutes]);
  await fixture.sql(
    `insert into payments (id, order_id, user_id, charge_key, amount_minor, currency, status)
     values ($1, $1, $1, $3, 1, 'EUR', $2)`,
    [id, status, id],
  );
  await age(59);
  expect((await audit()).get('stuck')?.examples).not.toContain(id);
  await age(61);
  expect((await audit()).get('stuck')?.examples).toContain(id);
});
