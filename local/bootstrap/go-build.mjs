// Programs that are built from their Go modules, once per user.

import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { megabytes, sizeOf } from './disk.mjs';
import { withLock } from './lock.mjs';
import { userCache } from './user-cache.mjs';
import { inWorkFolder, run } from './work-folder.mjs';

// Alone the largest takes 8 minutes; beside other work on two cores four times that.
const BUILD_LIMIT_MS = 2_400_000;
// Measured: the modules and the build cache of one build are up to 5 GB, all of it deleted afterwards.
const BUILD_SPACE_BYTES = 6e9;
const REPORT_MS = 2_000;

/**
 * Builds `packages` (with their versions) and hands the folder of the programs to `keep`, which moves what it wants out of it; all
 * else is deleted. `title` and `says` are for people.
 */
export async function buildWithGo({ folder, packages, ldflags = '-s -w', title, says, environment, progress, keep }) {
  try {
    await run('go', ['version'], { env: environment, limitMs: 30_000 });
  } catch {
    throw new Error('Go is not on the PATH');
  }
  await mkdir(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < BUILD_SPACE_BYTES)
    throw new Error(`building needs ${megabytes(BUILD_SPACE_BYTES)} free below ${folder} for a while`);
  const task = progress.begin(title, says);
  try {
    return await inWorkFolder(folder, async (work) => {
      const reporting = reportSize(work, (size) => task.update(`${says}, ${size} of temporary files`));
      try {
        const env = await goEnvironment(work, environment);
        // One after the other: packages of different names may be programs of one name, and share what is compiled.
        for (const name of packages) await run('go', ['install', '-ldflags', ldflags, name], { env, limitMs: BUILD_LIMIT_MS });
      } finally {
        reporting.stop();
      }
      task.update('checking what was built');
      return await keep(join(work, 'bin'));
    });
  } finally {
    task.end();
  }
}

/**
 * The folder in the user's cache that holds `programs` ({name: Go package}) in this version; they are built when they are not
 * there. Throws one line that says what is missing; `go` is the oldest version that builds them.
 */
export async function findGoPrograms({ name, version, programs, title, minutes, go, environment, progress }) {
  const folder = join(userCache(environment), `${name}-${version}`);
  const isComplete = () => Object.keys(programs).every((program) => existsSync(join(folder, program)));
  const build = () =>
    buildWithGo({
      folder,
      packages: Object.values(programs).map((path) => `${path}@v${version}`),
      title,
      says: `building ${version} with Go, once, about ${minutes} minutes`,
      environment,
      progress,
      keep: async (bin) => {
        for (const [program, path] of Object.entries(programs)) {
          const made = join(bin, path.split('/').at(-1));
          await chmod(made, 0o755);
          await rename(made, join(folder, program));
        }
      },
    });
  try {
    // Whoever had the lock before may have put them there.
    if (!isComplete())
      await withLock(join(folder, 'lock'), async () => (isComplete() ? undefined : build()), {
        onWait: (pid) => progress.line(`  ${title}: process ${pid} is already building it; waiting`),
      });
  } catch (error) {
    const missing = `${title} ${version} is not in ${folder} and could not be built`;
    throw new Error(`${missing} (${error.message}): Go ${go} or newer builds it, https://go.dev/dl`, { cause: error });
  }
  return folder;
}

/** Everything Go writes goes below `work`, in files that can be deleted again. */
async function goEnvironment(work, environment) {
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
