// Programs that are built with Go. The Go here is a script that writes what the real one would.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { findGoPrograms } from '../../local/bootstrap/go-build.mjs';

const PROGRAMS = { alpha: 'example.com/things/cmd/alpha', beta: 'example.com/things/cmd/tool' };

let home: string;
let environment: NodeJS.ProcessEnv;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'shopfast-go-'));
  environment = { PATH: `${join(home, 'bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: join(home, 'cache') };
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function writeGo(text: string): void {
  mkdirSync(join(home, 'bin'));
  writeFileSync(join(home, 'bin/go'), `#!/bin/sh\n[ "$1" = version ] && exit 0\n${text}\n`);
  chmodSync(join(home, 'bin/go'), 0o755);
}

/** Writes a program of the package's last name, and leaves caches behind as Go does. */
const BUILDS = `for last; do :; done
  echo "$last" >> "$(dirname "$0")/../built"
  mkdir -p "$GOBIN" "$GOPATH" "$GOCACHE"; name=\${last##*/}; echo made > "$GOBIN/\${name%@*}"`;

const find = () =>
  findGoPrograms({
    name: 'things',
    version: '1.2.3',
    programs: PROGRAMS,
    title: 'Things',
    minutes: 1,
    go: '1.26',
    environment,
    progress: { begin: () => ({ update() {}, end() {} }), line() {} },
  });

test('they are built once for everybody who asks at the same time, and nothing else is left', async () => {
  writeGo(BUILDS);

  const folders = new Set(await Promise.all([find(), find(), find()]));
  folders.add(await find());

  const folder = join(home, 'cache/shopfast/things-1.2.3');
  expect([...folders]).toEqual([folder]);
  expect(readdirSync(folder).sort()).toEqual(['alpha', 'beta']);
  expect(readFileSync(join(home, 'built'), 'utf8').trim().split('\n')).toEqual([
    'example.com/things/cmd/alpha@v1.2.3',
    'example.com/things/cmd/tool@v1.2.3',
  ]);
});

test('without Go one line says what is missing and what to do', async () => {
  environment.PATH = join(home, 'bin');

  await expect(find()).rejects.toThrow(
    `Things 1.2.3 is not in ${join(home, 'cache/shopfast/things-1.2.3')} and could not be built (Go is not on the PATH): ` +
      'Go 1.26 or newer builds it, https://go.dev/dl',
  );
});

test('a build that fails is told by its last line, and the next one starts from nothing', async () => {
  writeGo(`[ -e "$(dirname "$0")/../failed" ] || { echo 'things.go:1: broken' >&2; touch "$(dirname "$0")/../failed"; exit 1; }
    ${BUILDS}`);

  const message = await find().then(String, (error: Error) => error.message);
  expect(message).toMatch(/could not be built \(things\.go:1: broken\): Go 1\.26 or newer builds it/);
  expect(message).not.toContain('\n');

  expect(readdirSync(await find()).sort()).toEqual(['alpha', 'beta']);
});
