// Where the Temporal CLI comes from. The programs here are scripts that say a version, as the real one does.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createProgress } from '../../local/bootstrap/progress.mjs';
import { cacheFolder, findTemporal } from '../../local/temporal/find-cli.mjs';

const RIGHT = 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)';
const UNSTAMPED = 'temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)';
const OTHER = 'temporal version 1.3.0 (Server 1.27.1, UI 2.36.0)';

let folder: string;
let environment: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shopfast-cli-'));
  environment = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, 'cache') };
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeProgram(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

const says = (version: string) => `echo '${version}'`;

function find({ site = () => new Response('', { status: 404 }) }: { site?: () => Response } = {}): Promise<string> {
  const stream = Object.assign(process.stderr, {});
  return findTemporal({
    environment,
    progress: { ...createProgress({ stream }), begin: () => ({ update() {}, end() {} }), line() {} },
    fetchUrl: async () => site(),
  });
}

test('TEMPORAL_CLI_PATH comes first; one of another version is refused, not replaced', async () => {
  writeProgram(join(folder, 'bin/temporal'), says(RIGHT));
  const chosen = writeProgram(join(folder, 'chosen'), says(RIGHT));
  environment.TEMPORAL_CLI_PATH = chosen;
  expect(await find()).toBe(chosen);

  writeProgram(chosen, says(OTHER));
  await expect(find()).rejects.toThrow(`TEMPORAL_CLI_PATH=${chosen} is version 1.3.0, not 1.5.1`);
});

test('one on the PATH is taken when its server is the right one, also without a version stamped in', async () => {
  const onPath = writeProgram(join(folder, 'bin/temporal'), says(UNSTAMPED));

  expect(await find()).toBe(onPath);
});

test('one of another version on the PATH is passed over for the cached one', async () => {
  writeProgram(join(folder, 'bin/temporal'), says(OTHER));
  const cached = writeProgram(join(cacheFolder(environment), 'temporal'), says(RIGHT));

  expect(await find()).toBe(cached);
});

test('the official download is checked, cached, and leaves nothing else', async () => {
  writeProgram(join(folder, 'archive/temporal'), says(RIGHT));
  execFileSync('tar', ['-czf', join(folder, 'a.tar.gz'), '-C', join(folder, 'archive'), 'temporal']);

  const found = await find({ site: () => new Response(readFileSync(join(folder, 'a.tar.gz'))) });

  expect(found).toBe(join(cacheFolder(environment), 'temporal'));
  expect(readdirSync(cacheFolder(environment))).toEqual(['temporal']);
});

test('without a download Go builds it, in folders that are gone afterwards', async () => {
  writeProgram(
    join(folder, 'bin/go'),
    `[ "$1" = version ] && exit 0
     mkdir -p "$GOBIN" "$GOPATH" "$GOCACHE"; echo "$@" > '${folder}/arguments'
     printf '#!/bin/sh\\n%s\\n' "${says(RIGHT)}" > "$GOBIN/temporal"`,
  );

  const found = await find();

  expect(found).toBe(join(cacheFolder(environment), 'temporal'));
  expect(readFileSync(join(folder, 'arguments'), 'utf8')).toContain('github.com/temporalio/cli/cmd/temporal@v1.5.1');
  expect(readdirSync(cacheFolder(environment))).toEqual(['temporal']);
});

test('when everything fails it is said what was tried, why it failed and what to do', async () => {
  writeProgram(join(folder, 'bin/temporal'), says(OTHER));
  writeProgram(join(folder, 'bin/go'), '[ "$1" = version ] && exit 0; echo "module lookup disabled" >&2; exit 1');

  const message = await find().then(String, (error: Error) => error.message);

  expect(message.split('\n')).toEqual([
    'No usable Temporal CLI 1.5.1 was found or could be made:',
    `  PATH: ${join(folder, 'bin/temporal')} is version 1.3.0, not 1.5.1`,
    `  cache: ${join(cacheFolder(environment), 'temporal')} does not exist`,
    '  download: the download site answered 404',
    '  go install: module lookup disabled',
    'Install Temporal CLI 1.5.1 and set TEMPORAL_CLI_PATH to it, or set TEMPORAL_ADDRESS to a Temporal server that runs.',
  ]);
  expect(existsSync(join(cacheFolder(environment), 'temporal'))).toBe(false);
});
