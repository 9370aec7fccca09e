import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Finding } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import type { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { RULES } from '../../services/orders/audit/rules.ts';
import {
  cancellation,
  comeBack,
  delivery,
  LIMITS,
  type OrdersFixture,
  openOrders,
  paid,
  read,
  reserved,
  shipped,
  submitted,
} from './orders-fixture.ts';

let orders: OrdersFixture;
const kinds = new Map<string, Order>();

beforeAll(async () => {
  orders = await openOrders();
  const cancelled = await reserved(orders.calls);
  await orders.calls.cancelOrder(cancellation(cancelled), LIMITS);
  const delivered = await shipped(orders.calls);
  await orders.calls.deliverOrder(delivery(delivered), LIMITS);
  kinds.set('submitted', await submitted(orders.calls));
  kinds.set('reserved', await reserved(orders.calls));
  kinds.set('paid', await paid(orders.calls));
  kinds.set('shipped', await shipped(orders.calls));
  kinds.set('delivered', delivered);
  kinds.set('cancelled', cancelled);
  const returned = await shipped(orders.calls);
  await comeBack(orders.calls, returned);
  kinds.set('returned', returned);
  const partly = await shipped(orders.calls);
  await comeBack(orders.calls, partly, [{ productId: partly.lines[0]?.productId ?? '', quantity: 1 }]);
  kinds.set('partly returned', partly);
});
afterAll(() => orders.close());

async function audit(): Promise<Map<string, Finding>> {
  const { findings } = await orders.calls.audit({}, LIMITS);
  return new Map(findings.map((finding) => [finding.rule, finding]));
}

test('a healthy shop has looked at something for every rule and found nothing', async () => {
  const findings = await audit();
  expect([...findings.keys()]).toEqual(RULES.map(({ name }) => name));
  for (const finding of findings.values()) {
    expect(finding).toMatchObject({ violations: 0, examples: [] });
    expect(finding.checked).toBeGreaterThan(0);
  }
  expect(findings.get('status_is_last_of_history')?.checked).toBe(kinds.size);
});

/** What a bug past every constraint would have written: which rule finds it, in which order, and how it is made good. */
const faults: readonly { rule: string; also?: string; kind: string; plant: string; repair: string }[] = [
  {
    rule: 'status_is_last_of_history',
    kind: 'paid',
    plant: `update orders set status = 'RESERVED' where id = $1`,
    repair: `update orders set status = 'PAID' where id = $1`,
  },
  {
    rule: 'history_is_legal',
    also: 'every_change_emits_its_event',
    kind: 'delivered',
    plant: `update order_history set status = 'CANCELLED' where order_id = $1 and status = 'SHIPPED'`,
    repair: `update order_history set status = 'SHIPPED' where order_id = $1 and status = 'CANCELLED'`,
  },
  {
    rule: 'history_is_legal',
    also: 'every_change_emits_its_event',
    kind: 'shipped',
    plant: `delete from order_history where order_id = $1 and status = 'SUBMITTED'`,
    // Before its followers again, whose numbers are later.
    repair: `insert into order_history (sequence, order_id, status, at)
             select min(sequence) - 1, $1, 'SUBMITTED', min(at) from order_history where order_id = $1`,
  },
  {
    rule: 'history_never_goes_back_in_time',
    kind: 'paid',
    plant: `update order_history set at = at - interval '1 day' where order_id = $1 and status = 'PAID'`,
    repair: `update order_history set at = at + interval '1 day' where order_id = $1 and status = 'PAID'`,
  },
  {
    rule: 'totals_add_up',
    kind: 'paid',
    plant: 'update orders set total_minor = total_minor + 1 where id = $1',
    repair: 'update orders set total_minor = total_minor - 1 where id = $1',
  },
  {
    rule: 'subtotal_is_sum_of_lines',
    kind: 'paid',
    plant: 'update order_lines set line_total_minor = line_total_minor + 1 where order_id = $1 and position = 1',
    repair: 'update order_lines set line_total_minor = line_total_minor - 1 where order_id = $1 and position = 1',
  },
  {
    rule: 'subtotal_is_sum_of_lines',
    kind: 'reserved',
    plant: 'update order_lines set quantity = quantity + 1 where order_id = $1 and position = 1',
    repair: 'update order_lines set quantity = quantity - 1 where order_id = $1 and position = 1',
  },
  {
    rule: 'accepted_order_is_priced',
    kind: 'paid',
    plant: `update orders set shipping_address = to_jsonb(array[subtotal_minor, tax_minor, shipping_minor, total_minor]),
              subtotal_minor = null, tax_minor = null, shipping_minor = null, total_minor = null where id = $1`,
    repair: `update orders set subtotal_minor = (shipping_address->>0)::bigint, tax_minor = (shipping_address->>1)::bigint,
               shipping_minor = (shipping_address->>2)::bigint, total_minor = (shipping_address->>3)::bigint where id = $1`,
  },
  {
    rule: 'cancelled_has_a_reason',
    kind: 'cancelled',
    plant: 'update orders set failure_reason = null where id = $1',
    repair: `update orders set failure_reason = 'payment_declined' where id = $1`,
  },
  {
    rule: 'paid_has_a_payment',
    kind: 'shipped',
    plant: 'update orders set payment_id = null where id = $1',
    repair: 'update orders set payment_id = gen_random_uuid() where id = $1',
  },
  {
    rule: 'shipped_has_a_shipment',
    kind: 'shipped',
    plant: 'update orders set tracking_number = null where id = $1',
    repair: `update orders set tracking_number = 'T' where id = $1`,
  },
  {
    rule: 'shipped_has_a_shipment',
    kind: 'delivered',
    plant: `update orders set delivered_at = shipped_at - interval '1 second' where id = $1`,
    repair: 'update orders set delivered_at = shipped_at where id = $1',
  },
  {
    rule: 'refunds_of_returns_within_total',
    kind: 'partly returned',
    plant: 'update returns set refund_minor = refund_minor + 1000000 where order_id = $1',
    repair: 'update returns set refund_minor = refund_minor - 1000000 where order_id = $1',
  },
  {
    rule: 'returned_exactly_when_everything_is_back',
    also: 'every_change_emits_its_event',
    kind: 'returned',
    plant: `update returns set completed_at = null where order_id = $1`,
    repair: `update returns set completed_at = requested_at where order_id = $1`,
  },
  {
    rule: 'every_change_emits_its_event',
    kind: 'reserved',
    plant: `update outbox set type = 'order.forgotten' where order_id = $1 and type = 'order.reserved'`,
    repair: `update outbox set type = 'order.reserved' where order_id = $1 and type = 'order.forgotten'`,
  },
  {
    rule: 'every_change_emits_its_event',
    kind: 'partly returned',
    plant: `update outbox set facts = '{}' where order_id = $1 and type = 'return.completed'`,
    repair: `update outbox set facts = jsonb_build_object('return_id', (select id from returns where order_id = $1))
             where order_id = $1 and type = 'return.completed'`,
  },
  {
    rule: 'every_change_emits_its_event',
    kind: 'paid',
    plant: `insert into outbox (id, type, order_id, user_id)
            select gen_random_uuid(), 'order.paid', id, user_id from orders where id = $1`,
    repair: `delete from outbox where position = (select max(position) from outbox where order_id = $1)`,
  },
  {
    rule: 'events_follow_the_history',
    kind: 'shipped',
    plant: `update outbox set type = case type when 'order.paid' then 'order.shipped' else 'order.paid' end
            where order_id = $1 and type in ('order.paid', 'order.shipped')`,
    repair: `update outbox set type = case type when 'order.paid' then 'order.shipped' else 'order.paid' end
             where order_id = $1 and type in ('order.paid', 'order.shipped')`,
  },
  {
    rule: 'stuck',
    kind: 'reserved',
    plant: `update orders set updated_at = updated_at - interval '61 minutes' where id = $1`,
    repair: `update orders set updated_at = updated_at + interval '61 minutes' where id = $1`,
  },
];

test('the constraints that keep faults out are gone for the rest of this file', async () => {
  await orders.sql(`
    do $$ declare one record; begin
      for one in select conrelid::regclass as owner, conname from pg_constraint
        where contype in ('c', 'u') and connamespace = 'public'::regnamespace loop
        execute format('alter table %s drop constraint %I', one.owner, one.conname);
      end loop;
    end $$;
    alter table order_history disable trigger user;
    alter table outbox disable trigger user;
    alter table returns disable trigger user;
    alter table return_lines disable trigger user`);
});

test.each(faults)(
  '$rule finds the fault in a $kind order, and nothing else is found',
  async ({ rule, also, kind, plant, repair }) => {
    const id = kinds.get(kind)?.id ?? '';
    await orders.sql(plant, [id]);
    try {
      const findings = await audit();
      expect(findings.get(rule)).toMatchObject({ examples: expect.arrayContaining([id]) });
      expect(findings.get(rule)?.violations).toBeGreaterThan(0);
      expect(new Set(findings.get(rule)?.examples)).toEqual(new Set([id]));
      const others = [...findings.values()].filter((finding) => finding.violations > 0 && finding.rule !== rule);
      expect(others.map((finding) => finding.rule)).toEqual(also === undefined ? [] : [also]);
    } finally {
      await orders.sql(repair, [id]);
    }
    expect((await audit()).get(rule)).toMatchObject({ violations: 0, examples: [] });
  },
);

test('units that were not bought, and a return that nobody completes, are found by their own names', async () => {
  const { id, lines } = kinds.get('partly returned') ?? { id: '', lines: [] };
  const [back] = await orders.sql<{ id: string }>('select id from returns where order_id = $1', [id]);
  await orders.sql('update return_lines set quantity = quantity + 1000 where return_id = $1', [back?.id]);
  expect((await audit()).get('returned_units_were_bought')?.examples).toEqual([`${id} ${lines[0]?.productId}`]);
  await orders.sql('update return_lines set quantity = quantity - 1000 where return_id = $1', [back?.id]);
  await orders.sql(
    `update returns set completed_at = null, requested_at = requested_at - interval '61 minutes' where order_id = $1`,
    [id],
  );
  expect((await audit()).get('return_stuck')?.examples).toEqual([back?.id]);
  await orders.sql(`update returns set completed_at = now() where order_id = $1`, [id]);
  expect([...(await audit()).values()].filter(({ violations }) => violations > 0)).toEqual([]);
});

test('of many violations all are counted and ten are named', async () => {
  await orders.sql(
    `insert into orders (id, client_id, user_id, status, payment_method)
     select gen_random_uuid(), 'web-shop', $1, 'SUBMITTED', 'tok_ok' from generate_series(1, 12)`,
    [randomUUID()],
  );
  const finding = (await audit()).get('status_is_last_of_history');
  expect(finding).toMatchObject({ checked: kinds.size + 12, violations: 12 });
  expect(new Set(finding?.examples).size).toBe(10);
  expect(await read(orders.calls, finding?.examples[0] ?? '')).toMatchObject({ history: [] });
});
