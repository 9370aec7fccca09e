import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { type Guarded, spawnGuarded } from '../../local/bootstrap/guard.mjs';
import { allGone, known } from '../../testkit/processes.ts';

const GONE_LIMIT_MS = 5_000;

const sleeper = { command: 'sleep', args: ['1000'], env: process.env, stopSignal: 'SIGTERM', stopLimitSeconds: 2 } as const;
let guarded: Guarded | undefined;

afterEach(() => guarded?.stop());

test('a command ends when the process that guards it is killed with -9', async () => {
  const script = `
    import { spawnGuarded } from './local/bootstrap/guard.mjs';
    const { pid, guardPid } = await spawnGuarded(${JSON.stringify(sleeper)});
    console.log(pid, guardPid);
    setInterval(() => {}, 1000);`;
  const supervisor = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(supervisor.stdout, 'data');
  const processes = String(line).trim().split(' ').map(Number).map(known);

  supervisor.kill('SIGKILL');

  await allGone(processes, GONE_LIMIT_MS);
});

test('a command ends when its guard is killed with -9', async () => {
  guarded = await spawnGuarded(sleeper);
  const command = known(guarded.pid);

  process.kill(guarded.guardPid ?? 0, 'SIGKILL');

  expect(await guarded.exited).toEqual({ code: null, signal: 'SIGKILL' });
  await allGone([command], 0);
});

test('a command that does not heed its signal is killed after its limit', async () => {
  const deaf = 'trap "" TERM; echo deaf; while :; do sleep 0.1; done';
  guarded = await spawnGuarded({ ...sleeper, command: 'sh', args: ['-c', deaf], stopLimitSeconds: 1 });
  await once(guarded.stdout, 'data');

  guarded.stop();

  expect(await guarded.exited).toEqual({ code: null, signal: 'SIGKILL' });
});

test('how a command ended is told: its exit code or its signal', async () => {
  const failing = await spawnGuarded({ ...sleeper, command: 'sh', args: ['-c', 'exit 3'] });
  expect(await failing.exited).toEqual({ code: 3, signal: null });

  guarded = await spawnGuarded(sleeper);
  process.kill(guarded.pid, 'SIGKILL');
  expect(await guarded.exited).toEqual({ code: null, signal: 'SIGKILL' });
});
