import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { tryLock, withLock } from '../../local/bootstrap/lock.mjs';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shopfast-lock-'));
  file = join(folder, 'lock');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the second of two waits until the first is done', async () => {
  const order: string[] = [];
  let release = () => {};
  const first = withLock(file, async () => {
    order.push('first begins');
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    order.push('first ends');
  });
  const second = withLock(file, async () => void order.push('second'), { onWait: () => release() });

  await Promise.all([first, second]);

  expect(order).toEqual(['first begins', 'first ends', 'second']);
  expect(existsSync(file)).toBe(false);
});

test('a lock whose process is gone is void, also when its number was given to another', () => {
  writeFileSync(file, JSON.stringify({ pid: process.pid, mark: 'of an earlier process' }));

  expect(tryLock(file)).toBeUndefined();
});

test('a lock of a running process names that process', () => {
  expect(tryLock(file)).toBeUndefined();

  expect(tryLock(file)).toBe(process.pid);
});
