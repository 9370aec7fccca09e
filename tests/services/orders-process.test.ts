import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { createClient } from '../../platform/rpc/client.ts';
import { OrdersServiceService } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';
import { eventually } from '../../testkit/eventually.ts';
import { refusal } from '../../testkit/refusal.ts';
import { ADDRESS, cancellation, confirmation, creation, LIMITS, listing, submission, submitted } from './orders-fixture.ts';

const MAIN = fileURLToPath(new URL('../../services/orders/main.ts', import.meta.url));

let database: TestDatabase;
const children: ChildProcess[] = [];
beforeAll(async () => {
  database = await createDatabase('orders');
});
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  await database.drop();
});

/** The service as its own process, and everything that it writes. */
function launch(environment: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let written = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (written += chunk.toString()));
  return { child, exited: once(child, 'exit'), written: () => written };
}

type LogLine = { message?: string; level?: string; grpc_port?: number; order_id?: string; trace_id?: string };

/** The complete lines so far. */
function lines(written: string): LogLine[] {
  return written
    .split('\n')
    .slice(0, -1)
    .map((line): LogLine => JSON.parse(line));
}

test('nothing personal and no payment token is logged, even at the finest level and when the database refuses a row', async () => {
  const service = launch({
    ORDERS_PORT: '0',
    ORDERS_HTTP_PORT: '0',
    ORDERS_DATABASE_URL: database.url,
    LOG_LEVEL: 'trace',
  });
  const ready = await eventually(
    async () => lines(service.written()).find((line) => line.message === 'Ready'),
    (line) => line !== undefined,
  );
  const client = createClient(OrdersServiceService, { target: `127.0.0.1:${ready?.grpc_port}` });
  const secret = { paymentMethod: 'tok_unspeakable' };
  const order = await submitted(client.calls, secret);
  await client.calls.createOrder(creation(order), LIMITS);
  await client.calls.confirmOrder(confirmation(order), LIMITS);
  await client.calls.cancelOrder(cancellation(order), LIMITS);
  await client.calls.listOrders(listing({ userId: order.userId }), LIMITS);
  await refusal(client.calls.submitOrder(submission({ ...secret, shippingAddress: { ...ADDRESS, country: 'nowhere' } }), LIMITS));

  // PostgreSQL repeats the whole row in the detail of such an error.
  const other = await submitted(client.calls, secret);
  await administer('alter table orders add constraint none_more check (total_minor is null) not valid');
  expect(await refusal(client.calls.createOrder(creation(other), LIMITS))).toMatchObject({
    code: 'INTERNAL',
    reason: 'internal',
  });

  client.close();
  service.child.kill('SIGTERM');
  expect(await service.exited).toEqual([0, null]);
  const said = service.written();
  for (const value of [...Object.values(ADDRESS).filter((part) => part.length > 2), 'tok_unspeakable', 'nowhere']) {
    expect(said).not.toContain(value);
  }
  const answers = lines(said).filter((line) => line.message === 'Answered a call');
  expect(answers.length).toBeGreaterThanOrEqual(7);
  expect(answers.filter((line) => line.order_id === order.id && line.trace_id)).toHaveLength(4);
  expect(lines(said).find((line) => line.level === 'error')).toMatchObject({
    order_id: other.id,
    error: { constraint: 'none_more' },
  });
});

test('a configuration that is missing or wrong ends the process with one line that names it', async () => {
  const service = launch({ ORDERS_PORT: 'ninety', TAX_BASIS_POINTS: '10001' });
  expect(await service.exited).toEqual([1, null]);
  expect(lines(service.written())).toEqual([
    expect.objectContaining({
      level: 'fatal',
      message: expect.stringMatching(/ORDERS_PORT.*ORDERS_DATABASE_URL is missing.*TAX_BASIS_POINTS: must be .* 0 to 10000/),
    }),
  ]);
});

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(statement);
  await client.end();
}
