/** What the record remembers when PostgreSQL itself crashes. The server is one of its own, set up as a platform's is. */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Guarded } from '../../local/bootstrap/guard.mjs';
import { preparePostgresHome } from '../../local/postgres/home.ts';
import { createPostgres, type Postgres } from '../../local/postgres/server.ts';
import { pickFreePort } from '../../local/supervisor/ports.ts';
import { once } from '../../platform/idempotency/once.ts';
import { claim } from '../../platform/idempotency/record.ts';
import { eventually } from '../../testkit/eventually.ts';
import { effect, openRecordLab, operation, type RecordLab } from './support/record-lab.ts';

const START_LIMIT_MS = 60_000;

let folder: string;
let server: Postgres;
let running: Guarded;
let lab: RecordLab;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shopfast-restart-'));
  // When root runs the tests, PostgreSQL runs as nobody and must be able to pass through.
  chmodSync(folder, 0o711);
  const home = preparePostgresHome(join(folder, 'postgres'));
  server = createPostgres({ home, port: await pickFreePort(), password: 'test', durable: true });
  await start();
  lab = await openRecordLab(server.url());
});

afterAll(async () => {
  await lab.close();
  running.stop();
  await running.exited;
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<void> {
  running = await server.launch();
  await eventually(
    () => server.check().catch(() => undefined),
    (up) => up !== undefined,
    START_LIMIT_MS,
  );
}

/** An immediate shutdown: every session dies where it is, and the next start recovers from the log. */
async function crash(): Promise<void> {
  process.kill(running.pid, 'SIGQUIT');
  await running.exited;
}

test('a server that a platform starts says committed only when it is on the disk', async () => {
  for (const setting of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    expect(await lab.database.query(`show ${setting}`)).toEqual([{ [setting]: 'on' }]);
  }
});

test('I16 after a crash of the database answers are replayed, leases stand, and what was open has not happened', async () => {
  const [answered, leased, open] = [randomUUID(), randomUUID(), randomUUID()];
  const lease = { owner: randomUUID(), durationMs: 3_600_000 };
  const { response: _, ...leasing } = operation(leased);
  await once(lab.database, operation(answered), effect(answered, 'first'));
  await claim(lab.database, { ...leasing, lease });
  const atWork = Promise.withResolvers<void>();
  const crashed = Promise.withResolvers<void>();
  const dying = once(lab.database, operation(open), async (transaction) => {
    const answer = await effect(open, 'lost')(transaction);
    atWork.resolve();
    await crashed.promise;
    return answer;
  });
  await atWork.promise;
  await crash();
  crashed.resolve();
  await expect(dying).rejects.toThrow();
  await start();

  expect(await once(lab.database, operation(answered), effect(answered, 'second'))).toEqual({
    response: 'first',
    replayed: true,
  });
  await expect(claim(lab.database, { ...leasing, lease: { ...lease, owner: randomUUID() } })).rejects.toMatchObject({
    code: 'ABORTED',
  });
  expect(await once(lab.database, operation(open), effect(open, 'kept'))).toEqual({ response: 'kept', replayed: false });
  expect([await lab.effects(answered), await lab.effects(open)]).toEqual([['first'], ['kept']]);
});
