import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ensureInstalled, isInstalled } from '../../local/bootstrap/install.mjs';

type Entry = { version: string; dev?: boolean; optional?: boolean; os?: string[] };

const LOCKED: Record<string, Entry> = {
  'node_modules/pg': { version: '8.23.0' },
  'node_modules/jest': { version: '30.5.2', dev: true },
  'node_modules/node-elsewhere': { version: '24.0.0', optional: true, os: ['sunos'] },
};
const RUNTIME = pick(['node_modules/pg']);
const ALL = pick(['node_modules/pg', 'node_modules/jest']);

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'shopfast-install-'));
  writeLock(LOCKED);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function pick(names: string[]): Record<string, Entry> {
  return Object.fromEntries(Object.entries(LOCKED).filter(([name]) => names.includes(name)));
}

function writeLock(packages: Record<string, Entry>): void {
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages } }));
}

/** What npm leaves: the packages, and its own record of them. */
function installByHand(packages: Record<string, Entry>): void {
  rmSync(join(root, 'node_modules'), { recursive: true, force: true });
  for (const name of Object.keys(packages)) mkdirSync(join(root, name), { recursive: true });
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
}

test('nothing is installed in a fresh clone', () => {
  expect(isInstalled(root, false)).toBe(false);
});

test('an install by hand counts, without packages for other systems', () => {
  installByHand(ALL);

  expect([isInstalled(root, false), isInstalled(root, true)]).toEqual([true, true]);
});

test('run-time packages are enough to run and not enough to test', () => {
  installByHand(RUNTIME);

  expect([isInstalled(root, false), isInstalled(root, true)]).toEqual([true, false]);
});

test('a changed lockfile asks for an install again', () => {
  installByHand(ALL);
  expect(isInstalled(root, true)).toBe(true);

  writeLock({ ...LOCKED, 'node_modules/pg': { version: '9.0.0' } });

  expect(isInstalled(root, false)).toBe(false);
});

test('packages removed by hand after an install are missed', () => {
  installByHand(ALL);
  expect(isInstalled(root, true)).toBe(true);

  installByHand(RUNTIME);
  const later = new Date(Date.now() + 5_000);
  utimesSync(join(root, 'node_modules/.package-lock.json'), later, later);

  expect([isInstalled(root, false), isInstalled(root, true)]).toEqual([true, false]);
});

test.each([
  { there: 'nothing', before: {}, asked: ['--omit=dev'] },
  { there: 'an older run-time install', before: { 'node_modules/pg': { version: '8.0.0' } }, asked: ['--omit=dev'] },
  { there: 'development packages', before: { ...pick(['node_modules/jest']) }, asked: [] },
])(
  'installing for a run-time command where there is $there leaves out development packages only if none is there',
  async ({ before, asked }) => {
    installByHand(before);
    // Stands in for npm: writes down how it was called.
    writeFileSync(join(root, 'npm.js'), `require('fs').writeFileSync('called', process.argv.slice(2).join(' '))`);
    const npm = process.env.npm_execpath;
    process.env.npm_execpath = join(root, 'npm.js');
    try {
      await ensureInstalled({ root, dev: false, progress: { line() {}, begin: () => ({ update() {}, end() {} }) } });
    } finally {
      if (npm === undefined) delete process.env.npm_execpath;
      else process.env.npm_execpath = npm;
    }

    const called = readFileSync(join(root, 'called'), 'utf8');
    expect(called.split(' ')).toEqual([
      'install',
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      ...asked,
    ]);
  },
);
