// The two ways to get a Temporal CLI that is not there: the official download, and a build from its Go module.
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { megabytes, sizeOf } from './disk.mjs';
import { spawnGuarded } from './guard.mjs';

const MODULE = 'github.com/temporalio/cli';
// A network that swallows packets must not hold the start up: the build is the next thing to try.
const ANSWER_LIMIT_MS = 10_000;
const DOWNLOAD_LIMIT_MS = 300_000;
const BUILD_LIMIT_MS = 1_200_000;
// Measured: the modules and the build cache of one build are up to 5 GB, all of it deleted afterwards.
const BUILD_SPACE_BYTES = 6e9;
const REPORT_MS = 2_000;

export async function downloadTemporal({ folder, version, progress, fetchUrl, probe }) {
  const platform = process.platform;
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  if (!arch) throw new Error(`there is none for ${platform} ${process.arch}`);
  const task = progress.begin('Temporal CLI', `asking for the official download of ${version}`);
  try {
    return await inWorkFolder(folder, async (work) => {
      const archive = join(work, 'temporal.tar.gz');
      await save(`https://temporal.download/cli/archive/v${version}?platform=${platform}&arch=${arch}`, archive, {
        task,
        fetchUrl,
      });
      await run('tar', ['-xzf', archive, '-C', work, 'temporal'], { env: process.env, limitMs: DOWNLOAD_LIMIT_MS });
      return await keep(join(work, 'temporal'), folder, probe);
    });
  } finally {
    task.end();
  }
}

async function save(url, file, { task, fetchUrl }) {
  const limit = new AbortController();
  let timer = setTimeout(() => limit.abort(new Error(`no answer in ${ANSWER_LIMIT_MS / 1_000} s`)), ANSWER_LIMIT_MS);
  try {
    const response = await fetchUrl(url, { signal: limit.signal });
    if (!response.ok || !response.body) throw new Error(`the download site answered ${response.status}`);
    clearTimeout(timer);
    timer = setTimeout(() => limit.abort(new Error(`not finished in ${DOWNLOAD_LIMIT_MS / 1_000} s`)), DOWNLOAD_LIMIT_MS);
    const total = Number(response.headers.get('content-length') ?? 0);
    let bytes = 0;
    const counted = Readable.fromWeb(response.body).on('data', (chunk) => {
      bytes += chunk.length;
      task.update(`downloading, ${megabytes(bytes)}${total ? ` of ${megabytes(total)}` : ''}`);
    });
    await pipeline(counted, createWriteStream(file), { signal: limit.signal });
  } catch (error) {
    // fetch says only "fetch failed"; the reason is underneath.
    throw new Error(limit.signal.aborted ? limit.signal.reason.message : (error.cause?.message ?? error.message), {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

export async function buildTemporal({ folder, version, environment, progress, probe }) {
  try {
    await run('go', ['version'], { env: environment, limitMs: 30_000 });
  } catch {
    throw new Error('Go is not on the PATH');
  }
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < BUILD_SPACE_BYTES)
    throw new Error(`building needs ${megabytes(BUILD_SPACE_BYTES)} free below ${folder} for a while`);
  const task = progress.begin('Temporal CLI', `building ${version} with Go, once, about 3 to 5 minutes`);
  try {
    return await inWorkFolder(folder, async (work) => {
      const reporting = reportSize(work, (size) =>
        task.update(`building ${version} with Go, once, about 3 to 5 minutes, ${size} of temporary files`),
      );
      try {
        await run(
          'go',
          ['install', '-ldflags', `-s -w -X ${MODULE}/temporalcli.Version=${version}`, `${MODULE}/cmd/temporal@v${version}`],
          {
            env: await goEnvironment(work, environment),
            limitMs: BUILD_LIMIT_MS,
          },
        );
      } finally {
        reporting.stop();
      }
      task.update('checking what was built');
      return await keep(join(work, 'bin', 'temporal'), folder, probe);
    });
  } finally {
    task.end();
  }
}

/** Everything Go writes goes below `work`, in files that can be deleted again. */
export async function goEnvironment(work, environment) {
  await mkdir(join(work, 'tmp'), { recursive: true });
  return {
    ...environment,
    GOPATH: join(work, 'path'),
    GOCACHE: join(work, 'cache'),
    GOTMPDIR: join(work, 'tmp'),
    GOBIN: join(work, 'bin'),
    GOFLAGS: `${environment.GOFLAGS ?? ''} -modcacherw`.trim(),
    CGO_ENABLED: '0',
  };
}

/** A folder on the file system of the cache, so that the result can be renamed into place. Leftovers of a killed try go first. */
export async function inWorkFolder(folder, work) {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    if (name.startsWith('work-')) await rm(join(folder, name), { recursive: true, force: true });
  }
  const path = await mkdtemp(join(folder, 'work-'));
  try {
    return await work(path);
  } finally {
    await rm(path, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Only what runs and is the right version gets the final name, in one step. */
async function keep(made, folder, probe) {
  await chmod(made, 0o755);
  const fault = await probe(made);
  if (fault) throw new Error(`what came out ${fault.replace(made, 'it')}`);
  const path = join(folder, 'temporal');
  await rename(made, path);
  return path;
}

export async function run(command, args, { env, limitMs }) {
  const child = await spawnGuarded({ command, args, env, stopSignal: 'SIGTERM', stopLimitSeconds: 2 });
  let said = '';
  const remember = (chunk) => {
    said = `${said}${chunk}`.slice(-4_000);
  };
  child.stdout.on('data', remember);
  child.stderr.on('data', remember);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.stop();
  }, limitMs);
  const { code } = await child.exited;
  clearTimeout(timer);
  if (late) throw new Error(`not finished in ${limitMs / 1_000} s`);
  if (code !== 0) throw new Error(said.trim().split('\n').at(-1) || `${command} ended with ${code}`);
}

function reportSize(folder, report) {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    void sizeOf(folder).then((size) => {
      report(size);
      busy = false;
    });
  }, REPORT_MS);
  return { stop: () => clearInterval(timer) };
}
