// What a running platform keeps up: every process, its own facts, and the walls between its parts.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { inspect } from '../../local/bootstrap/processes.mjs';
import { createDatabase } from '../../testkit/database.ts';
import { eventually } from '../../testkit/eventually.ts';
import { collect, type RunningPlatform, spawnPlatform, startPlatform } from '../../testkit/platform.ts';
import { allGone, known } from '../../testkit/processes.ts';
import { connect, countVisits, passwordsOf, ROLES, STAND_INS } from './support/stand-ins.ts';

const GONE_LIMIT_MS = 10_000;
const RECOVERY_LIMIT_MS = 30_000;

let platform: RunningPlatform;

beforeAll(async () => {
  platform = await startPlatform({ script: STAND_INS, env: { TEMPORAL_API_KEY: 'temporal-secret' } });
});

afterAll(() => platform.stop());

/** Waits until every part is ready and `part` is not the process `before` any more, in platform.json too. */
async function recovered(part: string, before: number | undefined): Promise<void> {
  await eventually(
    async () => ({ pid: platform.currentFacts().pids[part], health: JSON.stringify(await platform.status()) }),
    ({ pid, health }) => pid !== undefined && pid !== before && !health.includes('"ready":false'),
    RECOVERY_LIMIT_MS,
  );
}

test.each(['users', 'postgres', 'temporal'])(
  '%s is started again after kill -9, and platform.json names the new process',
  async (part) => {
    const before = platform.currentFacts().pids[part];

    await platform.kill(part);

    await recovered(part, before);
    expect(await countVisits(platform)).toBeGreaterThan(0);
  },
);

test('a guard that is killed takes its server along, and both are started again', async () => {
  const server = known(platform.currentFacts().pids.postgres ?? 0);

  process.kill(inspect(server.pid)?.parent ?? 0, 'SIGKILL');

  await allGone([server], GONE_LIMIT_MS);
  await recovered('postgres', server.pid);
});

test('a part that is paused stays down until it is resumed', async () => {
  const before = known(platform.currentFacts().pids.users ?? 0);

  await platform.pause('users');

  await allGone([before], 0);
  expect(platform.currentFacts().pids).not.toHaveProperty('users');
  await platform.resume('users');
  await recovered('users', before.pid);
});

test('a second start beside a running one is refused in one line that names it', async () => {
  const second = spawnPlatform({ dataDir: platform.dataDir, env: {}, script: STAND_INS });
  const output = collect(second);
  const code = await new Promise((resolve) => second.once('close', resolve));

  expect(code).toBe(1);
  expect(output().trim().split('\n')).toEqual([
    `ShopFast already runs in ${platform.dataDir} (process ${platform.supervisorPid}): "npm run status" shows it, "npm stop" ends it.`,
  ]);
});

test('every role reaches its own database and is refused by every other one', async () => {
  for (const role of ROLES) {
    for (const database of [...ROLES, 'postgres', 'template1']) {
      const reached = await connect(platform, role, database).then(
        (client) => client.end().then(() => 'connected'),
        (error: Error) => error.message,
      );
      const expected = role === database ? 'connected' : `permission denied for database "${database}"`;
      expect({ role, database, reached }).toEqual({ role, database, reached: expected });
    }
  }
});

test('nobody else can read a secret', () => {
  const files = ['platform.json', 'secrets.json', 'keys/jwt.json', 'seed-users.json', 'seed-api-clients.json', 'control.sock'];

  const readable = files.filter((file) => (statSync(join(platform.dataDir, file)).mode & 0o077) !== 0);

  expect(readable).toEqual([]);
});

test('no part is given the secret of another', () => {
  const passwords = Object.entries(passwordsOf(platform));
  for (const part of ROLES) {
    const environment = readFileSync(`/proc/${platform.currentFacts().pids[part]}/environ`, 'utf8');
    const held = passwords.filter(([, password]) => environment.includes(password)).map(([name]) => name);
    const temporal = environment.includes('temporal-secret');
    expect({ part, held, temporal }).toEqual({ part, held: [part], temporal: part === 'gateway' });
  }
});

test("services on somebody's own machine answer gRPC reflection, unless they are told otherwise", () => {
  const { pids } = platform.currentFacts();
  for (const part of ['users', 'orders']) {
    expect(readFileSync(`/proc/${pids[part]}/environ`, 'utf8').split('\0')).toContain('GRPC_REFLECTION=on');
  }
});

test('what is pointed elsewhere is not started here', async () => {
  const databases = await Promise.all(['orders', 'gateway', 'notifications'].map((name) => createDatabase(name)));
  const env = {
    TEMPORAL_ADDRESS: process.env.TEST_TEMPORAL_ADDRESS,
    ORDERS_DATABASE_URL: databases[0]?.url,
    GATEWAY_DATABASE_URL: databases[1]?.url,
    NOTIFICATIONS_DATABASE_URL: databases[2]?.url,
    PROVIDER_URL: 'http://127.0.0.1:9',
    USERS_ADDRESS: '127.0.0.1:9',
    GRPC_REFLECTION: 'off',
  };
  const started = await startPlatform({ script: STAND_INS, env });
  try {
    expect(Object.keys(started.facts.pids).sort()).toEqual(['gateway', 'notifications', 'orders']);
    expect(readFileSync(`/proc/${started.facts.pids.orders}/environ`, 'utf8')).toContain('GRPC_REFLECTION=off');
    expect(started.facts).toMatchObject({ provider: env.PROVIDER_URL, temporal: { address: env.TEMPORAL_ADDRESS, ui: null } });
  } finally {
    await started.stop();
    for (const database of databases) await database.drop();
  }
});
