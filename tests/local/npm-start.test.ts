// The real thing from its outermost process: npm, perhaps a shell, launch.mjs, start.ts, and all parts.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { localConfig } from '../../local/config.ts';
import { readFacts } from '../../local/facts.ts';
import { pathsIn, ROOT } from '../../local/paths.ts';
import { eventually } from '../../testkit/eventually.ts';
import { collect, makeDataDir } from '../../testkit/platform.ts';
import { allGone, known } from '../../testkit/processes.ts';

const READY_LIMIT_MS = 120_000;
const GONE_LIMIT_MS = 10_000;

const dataDir = makeDataDir();
const environment = {
  ...process.env,
  ...Object.fromEntries(Object.keys(localConfig.shape).flatMap((name) => (name.endsWith('_PORT') ? [[name, '0']] : []))),
  SHOPFAST_DATA_DIR: dataDir,
};
let npm: ChildProcess;

afterEach(() => {
  npm.kill('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

test('npm start brings everything up, npm run status says so, and kill -9 of npm leaves nothing within 10 s', async () => {
  npm = spawn('npm', ['start'], { cwd: ROOT, env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(npm);
  const facts = await eventually(
    async () => readFacts(pathsIn(dataDir)),
    (found) => found !== undefined,
    READY_LIMIT_MS,
  );
  const processes = Object.values(facts?.pids ?? {}).map(known);
  expect(processes).toHaveLength(10);
  expect(facts?.products.map(({ stock }) => stock > 0)).toEqual([true, true, true, false]);
  // Told right after the file is written.
  const line = `'X-API-Key: ${facts?.api_key}'`;
  await eventually(
    async () => output(),
    (printed) => printed.includes(line),
  );

  const status = await promisify(execFile)('npm', ['run', '-s', 'status'], { cwd: ROOT, env: environment });
  expect(status.stdout).toContain('All parts are ready');

  npm.kill('SIGKILL');

  await allGone(processes, GONE_LIMIT_MS);
  const afterwards = await promisify(execFile)('npm', ['run', '-s', 'status'], { cwd: ROOT, env: environment }).catch(
    (error) => error,
  );
  expect(afterwards).toMatchObject({ code: 1, stdout: expect.stringContaining('ShopFast is not running') });
}, 180_000);
