import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { v7 } from 'uuid';
import { NEXT_STATUSES, ORDER_STATUSES, type OrderStatus } from '../../services/orders/domain/order-status.ts';
import { ENTITIES } from '../../services/orders/store/orm.ts';
import { eventually } from '../../testkit/eventually.ts';
import { schemaDrift } from '../../testkit/schema-drift.ts';
import { completion, LIMITS, type OrdersFixture, openOrders, reserved, returning, shipped, submitted } from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterAll(() => orders.close());

/** The name of the constraint that refused the statement, or its error code. */
async function refusedBy(text: string, values: unknown[]): Promise<string | undefined> {
  return orders.sql(text, values).then(
    () => undefined,
    (error: { constraint?: string; code: string }) => error.constraint ?? error.code,
  );
}

test('entities and migrations describe the same tables, columns, types, defaults and keys', async () => {
  expect(await schemaDrift(orders.url, ENTITIES)).toEqual([]);
});

// How an order gets to each status.
const WAYS: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  SUBMITTED: [],
  CREATED: ['CREATED'],
  RESERVED: ['CREATED', 'RESERVED'],
  PAID: ['CREATED', 'RESERVED', 'PAID'],
  SHIPPED: ['CREATED', 'RESERVED', 'PAID', 'SHIPPED'],
  DELIVERED: ['CREATED', 'RESERVED', 'PAID', 'SHIPPED', 'DELIVERED'],
  CANCELLED: ['CANCELLED'],
  RETURNED: ['CREATED', 'RESERVED', 'PAID', 'SHIPPED', 'RETURNED'],
};
const APPEND = 'insert into order_history (order_id, previous_status, status) values ($1, $2, $3)';

test.each(ORDER_STATUSES)('after %s the database appends exactly what the status machine allows', async (from) => {
  const { id } = await submitted(orders.calls);
  const way: readonly OrderStatus[] = ['SUBMITTED', ...WAYS[from]];
  for (const [n, status] of way.entries()) if (n > 0) await orders.sql(APPEND, [id, way[n - 1], status]);
  const accepted: OrderStatus[] = [];
  for (const to of ORDER_STATUSES) {
    await orders.sql('begin');
    const by = await refusedBy(APPEND, [id, from, to]);
    await orders.sql('rollback');
    if (by === undefined) accepted.push(to);
    else expect(by).toBe('order_history_legal_check');
  }
  expect(accepted.toSorted()).toEqual(NEXT_STATUSES[from].toSorted());
});

test('a history begins with SUBMITTED, and each row follows the last one', async () => {
  const { id } = await reserved(orders.calls);
  expect(await refusedBy(APPEND, [v7(), null, 'PAID'])).toBe('order_history_legal_check');
  for (const [previous, status] of [
    ['SHIPPED', 'DELIVERED'],
    ['SUBMITTED', 'CANCELLED'],
    [null, 'SUBMITTED'],
  ]) {
    expect(await refusedBy(APPEND, [id, previous, status])).toBe('order_history_follows_check');
  }
  const rows = await orders.sql('select previous_status, status from order_history where order_id = $1 order by sequence', [id]);
  expect(rows).toEqual([
    { previous_status: null, status: 'SUBMITTED' },
    { previous_status: 'SUBMITTED', status: 'CREATED' },
    { previous_status: 'CREATED', status: 'RESERVED' },
  ]);
});

test('a history does not go back in time', async () => {
  const { id } = await reserved(orders.calls);
  const earlier = `insert into order_history (order_id, previous_status, status, at)
    select order_id, 'RESERVED', 'PAID', at - interval '1 millisecond' from order_history where order_id = $1 and status = 'RESERVED'`;
  expect(await refusedBy(earlier, [id])).toBe('order_history_at_check');
});

test('two writers that forgot to lock the order cannot both continue its history', async () => {
  const { id } = await reserved(orders.calls);
  const other = new pg.Client({ connectionString: orders.url });
  await other.connect();
  try {
    await other.query('begin');
    await other.query(APPEND, [id, 'RESERVED', 'PAID']);
    const late = refusedBy(APPEND, [id, 'RESERVED', 'CANCELLED']);
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await eventually(
      () => other.query(waiting),
      ({ rowCount }) => rowCount === 1,
    );
    await other.query('commit');
    expect(await late).toBe('order_history_leaves_once');
  } finally {
    await other.end();
  }
});

test('a history is continued and read by its own rows, however many others there are that PostgreSQL has no statistics of', async () => {
  await orders.sql('alter table order_history set (autovacuum_enabled = off)');
  await orders.sql(
    `with stored as (
       insert into orders (id, client_id, user_id, status, payment_method)
       select gen_random_uuid(), 'web', gen_random_uuid(), 'SUBMITTED', 'tok_ok' from generate_series(1, 3000) returning id
     )
     insert into order_history (order_id, previous_status, status)
     select id, previous, status from stored, (values (null, 'SUBMITTED'), ('SUBMITTED', 'CREATED')) as step (previous, status)`,
  );
  // What was planned while the table was small is kept per connection.
  const late = new pg.Client({ connectionString: orders.url });
  await late.connect();
  try {
    await late.query('begin');
    const id = v7();
    await late.query(
      `insert into orders (id, client_id, user_id, status, payment_method) values ($1, 'web', $1, 'SUBMITTED', 'tok_ok')`,
      [id],
    );
    await late.query(APPEND, [id, null, 'SUBMITTED']);
    await late.query(APPEND, [id, 'SUBMITTED', 'CREATED']);
    const reads = `select (seq_tup_read + idx_tup_fetch)::integer as read from pg_stat_xact_user_tables where relname = 'order_history'`;
    const { rows } = await late.query<{ read: number }>(reads);
    expect(rows).toEqual([{ read: 1 }]);
    // As GetOrder reads it.
    await late.query('select * from order_history where order_id in ($1) order by sequence', [id]);
    expect((await late.query(reads)).rows).toEqual([{ read: 3 }]);
  } finally {
    await late.end();
  }
});

const RESTRICT_VIOLATION = '23001';

test('events are only ever added to the outbox, and marked as relayed', async () => {
  const { id } = await submitted(orders.calls);
  expect(await refusedBy(`update outbox set facts = '{}' where order_id = $1`, [id])).toBe(RESTRICT_VIOLATION);
  expect(await refusedBy('delete from outbox where order_id = $1', [id])).toBe(RESTRICT_VIOLATION);
  expect(await refusedBy('truncate outbox', [])).toBe(RESTRICT_VIOLATION);
  expect(await refusedBy('update outbox set relayed_at = now() where order_id = $1', [id])).toBeUndefined();
});

test('triggers guard and never write', async () => {
  const triggers = await orders.sql<{ name: string; source: string }>(
    `select tgname as name, prosrc as source from pg_trigger join pg_proc on pg_proc.oid = tgfoid where not tgisinternal`,
  );
  expect(triggers.length).toBeGreaterThanOrEqual(8);
  for (const { name, source } of triggers) {
    expect(name).toMatch(/_(append_only|check)$/);
    expect(source).not.toMatch(/\b(insert|delete)\b|\bupdate\s+\w+\s+set\b|new\.\w+ :=/i);
  }
});

test('a history is only ever added to', async () => {
  const { id } = await submitted(orders.calls);
  expect(await refusedBy(`update order_history set reason = 'other' where order_id = $1`, [id])).toBe(RESTRICT_VIOLATION);
  expect(await refusedBy('delete from order_history where order_id = $1', [id])).toBe(RESTRICT_VIOLATION);
  expect(await refusedBy('truncate order_history', [])).toBe(RESTRICT_VIOLATION);
});

test.each([
  ['total_minor = total_minor + 1', 'orders_total_check'],
  ['shipping_minor = -1, total_minor = subtotal_minor + tax_minor - 1', 'orders_amounts_check'],
  ['shipping_minor = 9007199254740991, total_minor = subtotal_minor + tax_minor + 9007199254740991', 'orders_amounts_check'],
  ['currency = null', 'orders_priced_whole_check'],
  [`currency = 'eur'`, 'orders_currency_check'],
  ['currency = null, subtotal_minor = null, tax_minor = null, shipping_minor = null, total_minor = null', 'orders_priced_check'],
  [`status = 'PAID'`, 'orders_paid_check'],
  [`status = 'CANCELLED'`, 'orders_failure_check'],
  [`failure_reason = 'internal'`, 'orders_failure_check'],
  [`failure_step = 'ProcessPayment'`, 'orders_failure_step_check'],
  [`status = 'LOST'`, 'orders_status_check'],
  [`failure_facts = '{}'`, 'orders_failure_facts_check'],
  [`carrier = 'DHL'`, 'orders_shipment_whole_check'],
  [`carrier = 'DHL', tracking_number = 'T', shipped_at = now()`, 'orders_shipped_check'],
  [`status = 'SHIPPED', payment_id = id`, 'orders_shipped_check'],
  ['delivered_at = now()', 'orders_delivered_check'],
  [`status = 'DELIVERED', payment_id = id, carrier = 'DHL', tracking_number = 'T', shipped_at = now()`, 'orders_delivered_check'],
  [
    `status = 'DELIVERED', payment_id = id, carrier = 'DHL', tracking_number = 'T', shipped_at = now(), delivered_at = '2000-01-01'`,
    'orders_delivered_check',
  ],
])('the database refuses a reserved order with %s', async (change, constraint) => {
  const { id } = await reserved(orders.calls);
  expect(await refusedBy(`update orders set ${change} where id = $1`, [id])).toBe(constraint);
});

test.each([
  ['quantity = 0', 'order_lines_quantity_check'],
  ['quantity = quantity + 1', 'order_lines_total_check'],
  ['unit_price_minor = -1, line_total_minor = -quantity', 'order_lines_unit_price_check'],
  ['line_total_minor = null', 'order_lines_priced_whole_check'],
])('the database refuses a priced line with %s', async (change, constraint) => {
  const { id } = await reserved(orders.calls);
  expect(await refusedBy(`update order_lines set ${change} where order_id = $1`, [id])).toBe(constraint);
});

test('the database lets no more come back than was bought, whoever asks it', async () => {
  const [order, other] = [await shipped(orders.calls), await shipped(orders.calls)];
  const [first, foreign] = [order.lines[0] ?? { productId: '', quantity: 0 }, other.lines[0] ?? { productId: '', quantity: 0 }];
  await orders.calls.requestReturn(returning(order, { lines: [{ productId: first.productId, quantity: 1 }] }), LIMITS);
  const insert = (productId: string, quantity: number) =>
    orders.sql(
      `with stored as (
         insert into returns (id, order_id, actor_id, reason, refund_minor) values (gen_random_uuid(), $1, gen_random_uuid(), '', 0)
         returning id
       )
       insert into return_lines (return_id, product_id, quantity) select id, $2, $3 from stored`,
      [order.id, productId, quantity],
    );
  for (const [productId, quantity] of [
    [first.productId, first.quantity],
    [foreign.productId, 1],
  ] as const) {
    await expect(insert(productId, quantity)).rejects.toMatchObject({ constraint: 'return_lines_bought_check' });
  }
  await insert(first.productId, first.quantity - 1);
});

test('the database lets no order be RETURNED before every unit is in a completed return', async () => {
  const order = await shipped(orders.calls);
  const request = returning(order);
  const move = () => orders.sql(`update orders set status = 'RETURNED' where id = $1`, [order.id]);
  await expect(move()).rejects.toMatchObject({ constraint: 'orders_returned_whole_check' });
  await orders.calls.requestReturn(request, LIMITS);
  await expect(move()).rejects.toMatchObject({ constraint: 'orders_returned_whole_check' });
  await orders.calls.completeReturn(completion(request), LIMITS);
});
