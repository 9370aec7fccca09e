import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shopfast-contract-'));
  cpSync('proto', join(folder, 'proto'), { recursive: true });
  cpSync('buf.yaml', join(folder, 'buf.yaml'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** What breaks for a client of the contracts as they were landed; empty when nothing does. */
function breaks(): string {
  const { stdout, stderr, status } = spawnSync(
    'node_modules/.bin/buf',
    ['breaking', folder, '--against', 'proto/baseline.binpb'],
    {
      encoding: 'utf8',
    },
  );
  // 100: it found something. Anything else but 0 means that it could not look.
  if (status !== 0 && status !== 100) throw new Error(stderr);
  return stdout;
}

function edit(service: string, from: string, to: string): void {
  const file = join(folder, `proto/shopfast/${service}/v1/${service}.proto`);
  const text = readFileSync(file, 'utf8');
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

test('contracts of today break nobody who speaks the landed ones', () => {
  expect(breaks()).toBe('');
});

test('a field that changes its type is caught', () => {
  edit('products', 'int32 reserved_quantity = 8;', 'string reserved_quantity = 8;');
  expect(breaks()).toContain('Product');
});

test('a field that changes its number is caught', () => {
  edit('orders', 'string failed_step = 4;', 'string failed_step = 40;');
  expect(breaks()).toContain('CancelOrderRequest');
});

test('a call that is gone is caught', () => {
  edit('payments', 'rpc GetPayment(', 'rpc FetchPayment(');
  expect(breaks()).toContain('GetPayment');
});

test('a field that is new breaks nobody', () => {
  edit('users', 'string reason = 3;', 'string reason = 3;\n  string note = 4;');
  expect(breaks()).toBe('');
});
