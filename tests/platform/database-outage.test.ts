import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Migration } from '@mikro-orm/migrations';
import { defineEntity, p } from '@mikro-orm/postgresql';
import { type Database, openDatabase } from '../../platform/persistence/database.ts';
import { createClient, type GrpcClient } from '../../platform/rpc/client.ts';
import { createGrpcServer, type GrpcServer } from '../../platform/rpc/server.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';
import { eventually } from '../../testkit/eventually.ts';
import { onlyThese } from '../../testkit/fakes/handlers.ts';

const Thing = defineEntity({ name: 'Thing', tableName: 'things', properties: { id: p.integer().primary() } });

class Initial extends Migration {
  override up(): void {
    this.addSql('create table things (id integer primary key)');
  }
}

let created: TestDatabase;
let line: Awaited<ReturnType<typeof openLine>>;
let database: Database;
let server: GrpcServer;
let client: GrpcClient<typeof UsersServiceService>;

beforeAll(async () => {
  created = await createDatabase('outage');
  const target = new URL(created.url);
  line = await openLine(Number(target.port), target.hostname);
  target.port = String(line.port);
  const logger = createLogger('test', 'silent');
  database = await openDatabase({
    url: target.href,
    entities: [Thing],
    migrations: [{ name: 'initial', class: Initial }],
    logger,
  });
  const unused = () => Promise.reject(new Error('not part of this test'));
  server = await createGrpcServer({
    definition: UsersServiceService,
    host: '127.0.0.1',
    port: 0,
    logger,
    metrics: createMetrics('test', '0'),
    handlers: onlyThese(UsersServiceService, {
      createUser: unused,
      authenticateUser: unused,
      getUser: unused,
      getJwks: unused,
      validateUser: ({ userId }) =>
        database.transaction(async ({ sql }) => {
          await sql.query('insert into things values ($1) on conflict do nothing', [1]);
          return { userId };
        }),
    }),
  });
  client = createClient(UsersServiceService, { target: `127.0.0.1:${server.port}` });
});

afterAll(async () => {
  client.close();
  await server.close();
  await database.close();
  await line.close();
  await created.drop();
});

test('while the database is away a call is UNAVAILABLE with a time to come back, and when it is back the call succeeds', async () => {
  const call = () => client.calls.validateUser({ userId: 'u' }, { deadlineMs: 10_000 });
  expect(await call()).toEqual({ userId: 'u' });

  line.cut();
  // The first call finds its connection broken, the second finds that there is none to be had.
  for (const _ of [1, 2]) {
    await expect(call()).rejects.toMatchObject({ code: 'UNAVAILABLE', reason: 'unavailable', retryDelayMs: 1_000 });
  }
  line.mend();

  expect(
    await eventually(
      () => call().catch(() => undefined),
      (answer) => answer !== undefined,
    ),
  ).toEqual({ userId: 'u' });
});

test('more outages than the pool has connections leave it whole', async () => {
  const call = () => client.calls.validateUser({ userId: 'u' }, { deadlineMs: 10_000 });
  for (let outage = 0; outage < 20; outage += 1) {
    await eventually(
      () => call().catch(() => undefined),
      (answer) => answer !== undefined,
    );
    line.cut();
    await expect(call()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    line.mend();
  }
});

/** A line to PostgreSQL that can be cut: what is connected breaks, and nobody gets through until it is mended. */
async function openLine(port: number, host: string) {
  const open = new Set<Socket>();
  let whole = true;
  const proxy: Server = createServer((near) => {
    if (!whole) return near.destroy();
    const far = connect(port, host);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
    }
    near.pipe(far).pipe(near);
    return undefined;
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    whole = false;
    for (const socket of open) socket.destroy();
  };
  return {
    port: (proxy.address() as AddressInfo).port,
    cut,
    mend() {
      whole = true;
    },
    close() {
      cut();
      return new Promise((resolve) => proxy.close(resolve));
    },
  };
}
