// A user's mistake is answered with one clear line for each, before anything is started, and never with a stack trace.

import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { pickFreePort } from '../../local/supervisor/ports.ts';
import { collect, makeDataDir, spawnPlatform } from '../../testkit/platform.ts';

const script = 'tests/local/fixtures/platform.ts';

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

/** Starts with a mistake in the environment; answers what was printed after the first line, and the exit code. */
async function startWith(env: NodeJS.ProcessEnv): Promise<{ code: number | null; lines: string[] }> {
  const dataDir = makeDataDir();
  const child = spawnPlatform({ dataDir, env, script });
  const output = collect(child);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  rmSync(dataDir, { recursive: true, force: true });
  return {
    code,
    lines: output()
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('Starting ShopFast')),
  };
}

async function occupyPort(): Promise<number> {
  const port = await pickFreePort();
  const listening = createServer();
  server = listening;
  await new Promise<void>((resolve) => listening.listen(port, '127.0.0.1', resolve));
  return port;
}

test('a port that is taken is named with who has it and the variable that changes it, together with all others', async () => {
  const port = await occupyPort();

  const { code, lines } = await startWith({ USERS_PORT: String(port), ORDERS_PORT: '17001', ORDERS_HTTP_PORT: '17001' });

  expect(code).toBe(1);
  expect(lines).toEqual([
    expect.stringMatching(
      new RegExp(`^Port ${port} is taken by .+ \\(process ${process.pid}\\): stop that, or set USERS_PORT to another port$`),
    ),
    'ORDERS_PORT and ORDERS_HTTP_PORT are both 17001: set one of them to another port',
  ]);
});

test('a value that is none is named with what it takes', async () => {
  const { code, lines } = await startWith({ GATEWAY_PORT: 'eighty', TEMPORAL_ADDRESS: 'somewhere' });

  expect(code).toBe(1);
  expect(lines).toEqual(['Configuration: GATEWAY_PORT: must be a port from 0 to 65535; TEMPORAL_ADDRESS: must be host:port']);
});

test('a Temporal CLI that is not there is named with its variable', async () => {
  const { code, lines } = await startWith({ TEMPORAL_CLI_PATH: '/nowhere/temporal' });

  expect(code).toBe(1);
  expect(lines).toEqual(['TEMPORAL_CLI_PATH=/nowhere/temporal does not exist: point it at Temporal CLI 1.5.1, or unset it']);
});

test('a data directory that cannot be used is named with its variable', async () => {
  const { code, lines } = await startWith({ SHOPFAST_DATA_DIR: '/dev/null/data' });

  expect(code).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/^SHOPFAST_DATA_DIR: \/dev\/null\/data cannot be used/)]);
});

test('a part that does not start is told by its own last words, and nothing stays running', async () => {
  const { code, lines } = await startWith({ ORDERS_REFUSES: 'yes', TEMPORAL_ADDRESS: String(process.env.TEST_TEMPORAL_ADDRESS) });

  expect(code).toBe(1);
  expect(lines.at(-1)).toMatch(/^orders did not start: ORDERS_REFUSES: this part was told to refuse \(log: .+orders\.log\)$/);
  expect(lines.join('\n')).not.toMatch(/^\s+at /m);
});
