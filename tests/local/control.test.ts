import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { askPlatform, readStatus } from '../../platform/control/client.ts';
import { controlSocket, type PlatformStatus } from '../../platform/control/protocol.ts';
import { type ControlCommands, serveControl } from '../../platform/control/server.ts';

const STATUS: PlatformStatus = {
  pid: 1,
  own_mib: null,
  elsewhere: [{ name: 'users', address: '127.0.0.1:9' }],
  parts: [
    { name: 'orders', address: '-', state: 'ready', pid: 2, restarts: 0, ready: false, version: null, why: 'late', mib: 3 },
  ],
};

let folder: string;
let path: string;
let control: { close(): void } | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shopfast-control-'));
  path = controlSocket(folder);
});
afterEach(() => {
  control?.close();
  control = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function serve(commands: Partial<ControlCommands>): Promise<void> {
  const none = async () => undefined;
  control = await serveControl(path, { status: none, stop: none, restart: none, pause: none, resume: none, ...commands });
}

test('the status arrives as the supervisor gave it, over a socket that only its owner can use', async () => {
  await serve({ status: async () => STATUS });

  expect(await readStatus(path)).toEqual(STATUS);
  expect(statSync(path).mode & 0o077).toBe(0);
});

test('a command gets its part, and a refusal arrives in the words of the supervisor', async () => {
  await serve({
    pause: async (part) => {
      throw new Error(`There is no part "${part}" here`);
    },
  });

  await expect(askPlatform(path, 'pause', { part: 'nobody' })).rejects.toThrow('There is no part "nobody" here');
});

test('without a platform there is a name for that', async () => {
  await expect(readStatus(path)).rejects.toMatchObject({ name: 'NotRunning' });
});

test('a supervisor that does not answer is told apart from one that is not there', async () => {
  await serve({ status: () => new Promise(() => {}) });

  await expect(askPlatform(path, 'status', { limitMs: 50 })).rejects.toThrow('its supervisor hangs');
});

test('a command that is none is refused', async () => {
  await serve({});
  const answer = await new Promise<string>((resolve) => {
    const socket = createConnection(path, () => socket.write('{"command":"explode"}\n'));
    socket.on('data', (chunk) => resolve(String(chunk)));
  });

  expect(JSON.parse(answer)).toEqual({ ok: false, error: 'There is no command "explode"' });
});
