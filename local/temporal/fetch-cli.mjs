// The two ways to get a Temporal CLI that is not there: the official download, and a build from its Go module.
import { createWriteStream } from 'node:fs';
import { chmod, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { megabytes } from '../bootstrap/disk.mjs';
import { buildWithGo } from '../bootstrap/go-build.mjs';
import { inWorkFolder, run } from '../bootstrap/work-folder.mjs';

const MODULE = 'github.com/temporalio/cli';
// A network that swallows packets must not hold the start up: the build is the next thing to try.
const ANSWER_LIMIT_MS = 10_000;
const DOWNLOAD_LIMIT_MS = 300_000;

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

export function buildTemporal({ folder, version, environment, progress, probe }) {
  return buildWithGo({
    folder,
    packages: [`${MODULE}/cmd/temporal@v${version}`],
    ldflags: `-s -w -X ${MODULE}/temporalcli.Version=${version}`,
    title: 'Temporal CLI',
    says: `building ${version} with Go, once, about 3 to 5 minutes`,
    environment,
    progress,
    keep: (bin) => keep(join(bin, 'temporal'), folder, probe),
  });
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
