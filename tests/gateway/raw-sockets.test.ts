/** The short version of `npm run faults -- --case raw-sockets`: each attack once, on a gateway process with a small heap. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { eventually } from '../../testkit/eventually.ts';
import { ATTACKS, type AttackName, attack } from '../../testkit/load/raw-attacks.ts';
import { seeded } from '../../testkit/load/seeded.ts';
import { type Shop, startShop } from './support/shop.ts';

const MAIN = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));
// Half of what npm start gives the gateway.
const HEAP_MIB = 128;
const SEED = 1;

let shop: Shop;
let gateway: ChildProcess;
let base: string;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
  const given = { ...shop.config, GATEWAY_PORT: 0, GATEWAY_WRITE_TIMEOUT_MS: 1_000, LOG_LEVEL: 'fatal' };
  const env = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value ?? '')]));
  gateway = fork(MAIN, { env, execArgv: [`--max-old-space-size=${HEAP_MIB}`], silent: true });
  const [message] = await once(gateway, 'message');
  base = `http://127.0.0.1:${z.object({ http: z.number() }).parse(message).http}`;
});

afterAll(async () => {
  gateway.kill('SIGKILL');
  await shop.stop();
});

const names = Object.keys(ATTACKS).filter((name): name is AttackName => Object.hasOwn(ATTACKS, name));

test.each(names)('%s do not end the gateway, and it answers others afterwards', async (name) => {
  const opened = await attack(name, base, seeded(SEED));
  expect(opened).toBeGreaterThan(0);
  expect(gateway.exitCode).toBeNull();
  expect(gateway.signalCode).toBeNull();
  await eventually(
    () => shop.call('GET', '/v1/products', { base }).catch(() => undefined),
    (answer) => answer?.status === 200,
  );
});
