import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inspect } from '../../local/bootstrap/processes.mjs';
import { makeDataDir } from '../../testkit/platform.ts';

let dataDir: string;

beforeEach(() => {
  dataDir = makeDataDir();
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

async function reset(): Promise<{ code: number; text: string }> {
  const run = promisify(execFile)(process.execPath, ['local/reset.ts'], { env: { ...process.env, SHOPFAST_DATA_DIR: dataDir } });
  return run.then(
    ({ stdout }) => ({ code: 0, text: stdout.trim() }),
    (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr.trim() }),
  );
}

test('reset forgets everything of a platform that does not run', async () => {
  writeFileSync(join(dataDir, 'secrets.json'), '{}');
  mkdirSync(join(dataDir, 'postgres/data'), { recursive: true });

  expect(await reset()).toEqual({ code: 0, text: `Forgot all data in ${dataDir}.` });
  expect(existsSync(dataDir)).toBe(false);
});

test('reset refuses while the platform runs', async () => {
  const lock = { pid: process.pid, mark: inspect(process.pid)?.mark };
  writeFileSync(join(dataDir, 'supervisor.lock'), JSON.stringify(lock));

  expect(await reset()).toEqual({
    code: 1,
    text: `ShopFast is running (process ${process.pid}): "npm stop" first; nothing was deleted`,
  });
  expect(existsSync(join(dataDir, 'supervisor.lock'))).toBe(true);
});

test('reset deletes nothing that is not its own', async () => {
  writeFileSync(join(dataDir, 'thesis.txt'), 'years of work');

  expect(await reset()).toMatchObject({ code: 1, text: expect.stringContaining('does not look like') });
  expect(existsSync(join(dataDir, 'thesis.txt'))).toBe(true);
});
