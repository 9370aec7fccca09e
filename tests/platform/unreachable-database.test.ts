// A part whose database is not there says so in one line, names the variable, and ends. Each part as its own process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PARTS } from '../../local/parts.ts';
import { ROOT } from '../../local/paths.ts';
import { createDatabase, type TestDatabase } from '../../testkit/database.ts';
import { signingKey } from '../services/users-fixture.ts';

const SECRET = 'unspeakable';
const WITH_DATABASE = PARTS.flatMap(({ name, script, database }) => (database ? [{ name, script, variable: database }] : []));

let existing: TestDatabase;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shopfast-reach-'));
  await writeFile(join(folder, 'keys.json'), JSON.stringify({ keys: [await signingKey('a')] }));
  existing = await createDatabase('reach');
});
afterAll(async () => {
  await existing.drop();
  await rm(folder, { recursive: true });
});

/** Runs a part to its end: its exit code and every line that it wrote. */
async function end(script: string, environment: Readonly<Record<string, string>>) {
  const ports = PARTS.flatMap(({ http, grpc }) => [http, grpc ?? http]).map((name) => [name, '0']);
  const child = spawn(process.execPath, [script], {
    cwd: ROOT,
    env: {
      ...{ PATH: process.env.PATH, JWT_KEYS_FILE: join(folder, 'keys.json'), PROVIDER_URL: 'http://127.0.0.1:1' },
      ...Object.fromEntries(ports),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (written += chunk.toString()));
  const [code] = await once(child, 'close');
  return { code, lines: written.trim().split('\n') };
}

test('every part with a database is tried', () => {
  const names = WITH_DATABASE.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['gateway', 'orders', 'payments', 'products', 'provider', 'users']));
});

test.each(WITH_DATABASE)('$name: a database that cannot be reached is one line that names it', async ({ script, variable }) => {
  const { code, lines } = await end(script, { [variable]: `postgres://somebody:${SECRET}@127.0.0.1:1/things` });

  expect(code).toBe(1);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'fatal',
    message: `${variable}: no PostgreSQL answers at 127.0.0.1:1/things (ECONNREFUSED)`,
  });
  expect(lines.join()).not.toMatch(new RegExp(`${SECRET}|stack`));
});

test.each([
  ['another password', (url: URL) => Object.assign(url, { password: SECRET }), /refuses the password of role reach_\w+$/],
  [
    'another database',
    (url: URL) => Object.assign(url, { pathname: '/none' }),
    /\/none has no such database for role reach_\w+$/,
  ],
  [
    'a host that is none',
    (url: URL) => Object.assign(url, { host: 'nowhere.invalid' }),
    /answers at nowhere\.invalid:\d+\/\w+ \(E\w+\)$/,
  ],
])('%s is told as what it is', async (_, change, message) => {
  const { code, lines } = await end('services/orders/main.ts', { ORDERS_DATABASE_URL: change(new URL(existing.url)).href });

  expect(code).toBe(1);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '').message).toMatch(message);
  expect(lines.join()).not.toContain(SECRET);
});
