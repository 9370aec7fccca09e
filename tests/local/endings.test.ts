// However a platform ends, nothing it started outlives it, and the next one finds its data.
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { collect, makeDataDir, type RunningPlatform, spawnPlatform, startPlatform } from '../../testkit/platform.ts';
import { allGone, known } from '../../testkit/processes.ts';
import { countVisits, guardsOf, processesOf, STAND_INS } from './support/stand-ins.ts';

const GONE_LIMIT_MS = 10_000;

let platform: RunningPlatform | undefined;

afterEach(async () => {
  await platform?.stop();
  platform = undefined;
});

test('kill -9 of the supervisor leaves no process behind within 10 s', async () => {
  platform = await startPlatform({ script: STAND_INS });
  const processes = processesOf(platform);
  expect(Object.keys(platform.facts.pids).sort()).toEqual([
    'gateway',
    'notifications',
    'orders',
    'postgres',
    'provider',
    'temporal',
    'users',
  ]);

  process.kill(platform.supervisorPid, 'SIGKILL');

  await allGone(processes, GONE_LIMIT_MS);
});

test('a platform whose starter is gone before it began ends by itself', async () => {
  const dataDir = makeDataDir();
  const child = spawnPlatform({ dataDir, env: {}, script: STAND_INS });
  const output = collect(child);
  const exited = once(child, 'exit');

  child.disconnect();
  await exited;

  expect(output()).toContain('ShopFast has stopped.');
  rmSync(dataDir, { recursive: true, force: true });
});

test('a stop ends every process, and the next start finds the data, the keys and the people', async () => {
  const first = await startPlatform({ script: STAND_INS });
  const processes = processesOf(first);
  const visits = await countVisits(first);

  await first.stop({ keepData: true });

  await allGone(processes, 0);
  expect(existsSync(first.factsFile)).toBe(false);
  platform = await startPlatform({ script: STAND_INS, dataDir: first.dataDir });
  expect(await countVisits(platform)).toBeGreaterThan(visits);
  const { api_key, customer, admin } = first.facts;
  expect(platform.facts).toMatchObject({ api_key, customer, admin });
});

test('what was left over when supervisor and guards died together is ended by the next start', async () => {
  const first = await startPlatform({ script: STAND_INS });
  const { postgres = 0, users = 0 } = first.facts.pids;
  const left = [known(postgres), known(users)];
  // A suspended part does not notice that its supervisor dies; of a guard nothing is left that could.
  process.kill(users, 'SIGSTOP');
  for (const pid of guardsOf(postgres)) process.kill(pid, 'SIGKILL');
  process.kill(first.supervisorPid, 'SIGKILL');
  await first.exited;

  platform = await startPlatform({ script: STAND_INS, dataDir: first.dataDir });

  await allGone(left, 0);
  expect(await countVisits(platform)).toBeGreaterThan(0);
});
