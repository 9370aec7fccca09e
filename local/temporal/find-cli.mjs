// Finds the Temporal CLI, whose development server is the embedded Temporal. Every way in is held to one version, so
// that everybody runs what was tested.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../bootstrap/lock.mjs';
import { userCache } from '../bootstrap/user-cache.mjs';
import { buildTemporal, downloadTemporal } from './fetch-cli.mjs';

export const CLI_VERSION = '1.5.1';
// What that CLI contains. A build without its version stamped in reports this one correctly all the same.
export const SERVER_VERSION = '1.29.1';

const PROBE_LIMIT_MS = 20_000;

/**
 * The path of a Temporal CLI of the right version. Order: TEMPORAL_CLI_PATH, PATH, the user's cache, the official
 * download, `go install`. Throws an Error whose message says what was tried, why it failed and what to do.
 * `fetchUrl` stands in for the network in tests.
 */
export async function findTemporal({ environment, progress, fetchUrl = fetch }) {
  const chosen = environment.TEMPORAL_CLI_PATH;
  if (chosen) {
    const fault = await probe(chosen);
    if (fault) throw new Error(`TEMPORAL_CLI_PATH=${chosen} ${fault}: point it at Temporal CLI ${CLI_VERSION}, or unset it`);
    return chosen;
  }
  const tried = [];
  for (const path of onPath(environment)) {
    const fault = await probe(path);
    if (!fault) return path;
    tried.push(`PATH: ${path} ${fault}`);
  }
  if (tried.length === 0) tried.push('PATH: no "temporal" there');
  const folder = cacheFolder(environment);
  const cached = join(folder, 'temporal');
  const fault = await probe(cached);
  if (!fault) return cached;
  tried.push(`cache: ${cached} ${fault}`);
  return obtain({ folder, cached, tried, environment, progress, fetchUrl });
}

async function obtain({ folder, cached, tried, environment, progress, fetchUrl }) {
  /** @type {[string, () => Promise<string>][]} */
  const ways = [
    ['download', () => downloadTemporal({ folder, version: CLI_VERSION, progress, fetchUrl, probe })],
    ['go install', () => buildTemporal({ folder, version: CLI_VERSION, environment, progress, probe })],
  ];
  try {
    return (
      (await withLock(
        join(folder, 'lock'),
        async () => {
          // Whoever had the lock before may have put it there.
          if (!(await probe(cached))) return cached;
          for (const [name, attempt] of ways) {
            try {
              return await attempt();
            } catch (error) {
              tried.push(`${name}: ${error.message}`);
            }
          }
          return undefined;
        },
        { onWait: (pid) => progress.line(`  Temporal CLI: process ${pid} is already getting it; waiting`) },
      )) ?? fail(tried)
    );
  } catch (error) {
    if (error.code === undefined) throw error;
    return fail([...tried, `cache: ${folder} cannot be written (${error.code}); XDG_CACHE_HOME moves it`]);
  }
}

function fail(tried) {
  throw new Error(
    [
      `No usable Temporal CLI ${CLI_VERSION} was found or could be made:`,
      ...tried.map((line) => `  ${line}`),
      `Install Temporal CLI ${CLI_VERSION} and set TEMPORAL_CLI_PATH to it, or set TEMPORAL_ADDRESS to a Temporal server that runs.`,
    ].join('\n'),
  );
}

export function cacheFolder(environment) {
  return join(userCache(environment), `temporal-${CLI_VERSION}`);
}

function onPath(environment) {
  const folders = (environment.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, 'temporal')).filter((path) => existsSync(path));
}

/** What is wrong with the program at `path`, or undefined when it is the right version and runs. */
async function probe(path) {
  if (!existsSync(path)) return 'does not exist';
  let text;
  try {
    text = (await promisify(execFile)(path, ['--version'], { timeout: PROBE_LIMIT_MS })).stdout;
  } catch (error) {
    return `does not run (${String(error.code ?? error.signal ?? error.message)})`;
  }
  const cli = /temporal version (\S+)/.exec(text)?.[1];
  const server = /Server (\d+\.\d+\.\d+)/.exec(text)?.[1];
  if (cli === CLI_VERSION || server === SERVER_VERSION) return undefined;
  return `is version ${cli ?? 'unknown'}, not ${CLI_VERSION}`;
}
