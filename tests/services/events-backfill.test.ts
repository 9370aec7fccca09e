/** What there was before the events: told in its order, to nobody. */
import { randomUUID } from 'node:crypto';
import { afterAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { type NamedMigration, openDatabase } from '../../platform/persistence/database.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { ENTITIES } from '../../services/orders/entity.ts';
import { MIGRATIONS } from '../../services/orders/migrations/index.ts';
import { MIGRATIONS as PAYMENTS_MIGRATIONS } from '../../services/payments/migrations/index.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';
import { eventually } from '../../testkit/eventually.ts';

const made: TestDatabase[] = [];
afterAll(async () => {
  for (const database of made) await database.drop();
});

/** A database with these migrations, opened, used and closed. */
async function migrated<T>(
  { url }: TestDatabase,
  migrations: readonly NamedMigration[],
  use: (sql: Awaited<ReturnType<typeof openDatabase>>['sql']) => Promise<T>,
): Promise<T> {
  const database = await openDatabase({ url, entities: ENTITIES, migrations, logger: createLogger('test', 'fatal') });
  try {
    return await use(database.sql);
  } finally {
    await database.close();
  }
}

async function before(name: string, migration: string, migrations: readonly NamedMigration[], rows: readonly string[]) {
  const database = await createDatabase(name);
  made.push(database);
  const older = migrations.slice(
    0,
    migrations.findIndex((one) => one.name === migration),
  );
  await migrated(database, older, async (sql) => {
    for (const row of rows) await sql.query(row);
  });
  return database;
}

test('orders of before are told from their history and their returns, in order, and nobody is told of them', async () => {
  const [id, returnId] = [randomUUID(), randomUUID()];
  const database = await before('orders', '007_events', MIGRATIONS, [
    `insert into orders (id, client_id, user_id, status, payment_method, payment_id, currency, subtotal_minor, tax_minor,
       shipping_minor, total_minor, carrier, tracking_number, shipped_at)
     values ('${id}', 'web', '${id}', 'SHIPPED', 'tok_ok', '${id}', 'EUR', 100, 19, 0, 119, 'DHL', 'T', '2026-01-05')`,
    `insert into order_lines (order_id, product_id, position, quantity, unit_price_minor, line_total_minor)
     values ('${id}', '${id}', 1, 1, 100, 100)`,
    ...['SUBMITTED', 'CREATED', 'RESERVED', 'PAID', 'SHIPPED'].map(
      (status) => `insert into order_history (order_id, status, at) values ('${id}', '${status}', '2026-01-05')`,
    ),
    `insert into returns (id, order_id, actor_id, reason, refund_minor, requested_at, completed_at)
     values ('${returnId}', '${id}', '${id}', 'Too small', 119, '2026-01-05', '2026-01-06')`,
    `insert into return_lines (return_id, product_id, quantity) values ('${returnId}', '${id}', 1)`,
    `update orders set status = 'RETURNED' where id = '${id}'`,
    `insert into order_history (order_id, status, at) values ('${id}', 'RETURNED', '2026-01-06')`,
  ]);
  await migrated(database, MIGRATIONS, async (sql) => {
    const rows = await sql.query<{ line: string }>(
      `select concat_ws(' ', sequence, type, amount_minor, to_char(at, 'DD')) as line from events order by order_id, sequence`,
    );
    expect(rows.map(({ line }) => line)).toEqual([
      '1 order.submitted 05',
      '2 order.created 119 05',
      '3 order.reserved 119 05',
      '4 order.paid 119 05',
      '5 order.shipped 119 05',
      '6 return.requested 119 05',
      '7 return.completed 119 06',
      '8 order.returned 119 06',
    ]);
    expect(await sql.query('select from event_deliveries')).toEqual([]);
  });
});

/** While a writer of before is halfway through, the database is migrated; then the writer ends, and so does the migration. */
async function migratedWhile(
  database: TestDatabase,
  migrations: readonly NamedMigration[],
  { written, look }: { readonly written: readonly string[]; readonly look: string },
): Promise<readonly object[]> {
  const writer = new pg.Client({ connectionString: database.url });
  await writer.connect();
  await writer.query('begin');
  for (const text of written) await writer.query(text);
  const migrating = migrated(database, migrations, (sql) => sql.query(look));
  await eventually(
    () =>
      writer.query(
        `select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())`,
      ),
    ({ rowCount }) => (rowCount ?? 0) > 0,
  );
  await writer.query('commit');
  await writer.end();
  return migrating;
}

test('what an instance of before writes while orders is migrated is told as well', async () => {
  const id = randomUUID();
  const database = await before('orders', '007_events', MIGRATIONS, [
    `insert into orders (id, client_id, user_id, status, payment_method) values ('${id}', 'web', '${id}', 'SUBMITTED', 'tok_ok')`,
    `insert into order_history (order_id, status) values ('${id}', 'SUBMITTED')`,
  ]);
  const told = await migratedWhile(database, MIGRATIONS, {
    written: [
      `update orders set status = 'CANCELLED', failure_reason = 'order_cancelled' where id = '${id}'`,
      `insert into order_history (order_id, status, reason) values ('${id}', 'CANCELLED', 'order_cancelled')`,
    ],
    look: 'select type, sequence from events order by sequence',
  });
  expect(told).toEqual([
    { type: 'order.submitted', sequence: 1 },
    { type: 'order.cancelled', sequence: 2 },
  ]);
});

test('what an instance of before writes while payments is migrated is told as well', async () => {
  const id = randomUUID();
  const database = await before('payments', '005_outbox', PAYMENTS_MIGRATIONS, [
    `insert into payments (id, order_id, user_id, charge_key, amount_minor, currency, status)
     values ('${id}', '${id}', '${id}', 'key', 100, 'EUR', 'PENDING')`,
    `insert into payment_history (payment_id, status) values ('${id}', 'PENDING')`,
  ]);
  const told = await migratedWhile(database, PAYMENTS_MIGRATIONS, {
    written: [
      `update payments set status = 'FAILED', failure_reason = 'payment_declined' where id = '${id}'`,
      `insert into payment_history (payment_id, status, reason) values ('${id}', 'FAILED', 'payment_declined')`,
    ],
    look: 'select type from outbox order by position',
  });
  expect(told).toEqual([{ type: 'payment.started' }, { type: 'payment.failed' }]);
});

test('payments of before are in the outbox, and none of them is relayed', async () => {
  const id = randomUUID();
  const history = ['PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED', 'REFUNDING', 'COMPLETED'];
  const database = await before('payments', '005_outbox', PAYMENTS_MIGRATIONS, [
    `insert into payments (id, order_id, user_id, charge_key, amount_minor, currency, status, captured_minor, refunded_minor,
       provider_reference) values ('${id}', '${id}', '${id}', 'key', 100, 'EUR', 'COMPLETED', 100, 30, 'ch')`,
    ...history.map(
      (status, day) =>
        `insert into payment_history (payment_id, status, at) values ('${id}', '${status}', '2026-01-0${day + 1}')`,
    ),
    `insert into refunds (key, payment_id, amount_minor, status, reason, created_at, provider_reference, completed_at)
     values ('refund', '${id}', 30, 'COMPLETED', 'return', '2026-01-05', 'rf', '2026-01-06')`,
  ]);
  await migrated(database, PAYMENTS_MIGRATIONS, async (sql) => {
    const rows = await sql.query<{ line: string }>(
      `select concat_ws(' ', type, amount_minor, to_char(at, 'DD'), relayed_at is not null) as line from outbox order by position`,
    );
    expect(rows.map(({ line }) => line)).toEqual([
      'payment.started 100 01 t',
      'payment.authorized 100 02 t',
      'payment.processing 100 03 t',
      'payment.captured 100 04 t',
      'payment.refund_started 30 05 t',
      'payment.refunded 30 06 t',
    ]);
  });
});
