import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { API_KEY, type Shop, startShop } from './support/shop.ts';

const MAIN = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));
const listening = z.object({ type: z.literal('listening'), http: z.number() });

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

function start(environment: Readonly<Record<string, string | number | undefined>>) {
  const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value ?? '')]));
  const child: ChildProcess = fork(MAIN, { env, silent: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (bytes: Buffer) => (output += bytes.toString()));
  return { child, exited: once(child, 'exit'), output: () => output };
}

test('the process logs every request as JSON, with no secret and no personal data, and ends on SIGTERM', async () => {
  const { child, exited, output } = start({ ...shop.config, GATEWAY_PORT: 0, LOG_LEVEL: 'debug' });
  const [message] = await once(child, 'message');
  const base = `http://127.0.0.1:${listening.parse(message).http}`;
  const person = { email: 'ada@private.example', password: 'correct horse', name: 'Ada Private' };
  await shop.call('POST', '/v1/users', { base, body: person });
  const login = await shop.call('POST', '/v1/auth/login', { base, body: { email: person.email, password: person.password } });
  const shipping_address = { line1: 'Secret street 1', city: 'Ghent', postal_code: '9000', country: 'BE' };
  await shop.call('GET', '/v1/products?q=Private', { base });
  const headers = { 'X-Request-ID': 'my-id-1' };
  const answer = await shop.order({ base, headers, body: { payment_method: 'tok_secret', shipping_address } });
  expect(answer.status).toBe(503);
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);

  const lines = output()
    .trim()
    .split('\n')
    .map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
  const ordered = lines.find((line) => line.request_id === 'my-id-1');
  expect(ordered).toMatchObject({
    level: 'warn',
    service: 'gateway',
    trace_id: answer.body.trace_id,
    user_id: shop.customer,
    order_id: await shop.newestOrder(),
    client_id: 'test-shop',
    route: '/v1/orders',
    status: 503,
    duration_ms: expect.any(Number),
  });
  const secrets = ['private', 'correct horse', 'Secret street', 'tok_secret', API_KEY, String(login.body.access_token)];
  for (const secret of secrets) expect(output().toLowerCase()).not.toContain(secret.toLowerCase());
});

test('a configuration that is wrong is one line that names the variable', async () => {
  const { exited, output } = start({ ORDER_WAIT_MS: 'soon' });
  expect(await exited).toEqual([1, null]);
  expect(output().trim().split('\n')).toHaveLength(1);
  expect(output()).toMatch(/GATEWAY_DATABASE_URL is missing/);
  expect(output()).toMatch(/ORDER_WAIT_MS: must be a whole number from 0 to 25000/);
});
