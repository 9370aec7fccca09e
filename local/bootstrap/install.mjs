// Installs the npm packages that are missing, and knows when none are: also after an install that a person did by hand.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sizeOf } from './disk.mjs';
import { spawnGuarded } from './guard.mjs';
import { withLock } from './lock.mjs';

// Measured on Linux x64: what comes over the network and what lies on disk afterwards.
const SIZES_MB = { runtime: { download: 205, disk: 540 }, all: { download: 355, disk: 875 } };
const REPORT_MS = 3_000;
const STOP_LIMIT_SECONDS = 3;

/**
 * Makes node_modules hold what package-lock.json says: the run-time packages, and with `dev` the others too. Development
 * packages that are there already stay. Throws an Error with npm's own words when it fails.
 */
export async function ensureInstalled({ root, dev, progress }) {
  if (isInstalled(root, dev)) return;
  await withLock(
    join(root, '.data', 'install.lock'),
    async () => {
      // Whoever had the lock before may have done it.
      if (!isInstalled(root, dev)) await install({ root, dev: dev || hasDevPackages(root), progress });
    },
    { onWait: (pid) => progress.line(`  npm packages: process ${pid} is already installing; waiting`) },
  );
}

/** Whether every package of the lockfile that this machine and this use need is there, in its version. */
export function isInstalled(root, dev) {
  const lockText = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const mark = createHash('sha256').update(lockText).digest('hex');
  const markerFile = markerOf(root);
  const hidden = hiddenLockOf(root);
  if (!existsSync(hidden)) return false;
  // npm rewrites its own record of node_modules at every change; a marker older than that says nothing any more.
  if (existsSync(markerFile) && statSync(markerFile).mtimeMs >= statSync(hidden).mtimeMs) {
    const marker = readJson(markerFile);
    if (marker?.lock === mark && (marker.dev || !dev)) return true;
  }
  const present = readJson(hidden)?.packages ?? {};
  const wanted = Object.entries(JSON.parse(lockText).packages).filter(([path, entry]) => path !== '' && isWanted(entry, dev));
  const missing = wanted.some(([path, { version }]) => present[path]?.version !== version || !existsSync(join(root, path)));
  if (missing) return false;
  remember(root, mark, dev || hasDevPackages(root));
  return true;
}

/** Optional packages are for one kind of machine each; npm leaves the others out. */
function isWanted(entry, dev) {
  if (entry.dev && !dev) return false;
  // Only development packages ask for it, and they ask for it optionally.
  if (entry.devOptional && !dev) return false;
  if (entry.os && !entry.os.includes(process.platform)) return false;
  if (entry.cpu && !entry.cpu.includes(process.arch)) return false;
  return !entry.libc || entry.libc.includes('glibc') === isGlibc();
}

export function isGlibc() {
  return Boolean(process.report?.getReport().header.glibcVersionRuntime);
}

function hasDevPackages(root) {
  const present = readJson(hiddenLockOf(root))?.packages ?? {};
  return Object.values(present).some((entry) => entry.dev);
}

async function install({ root, dev, progress }) {
  const { download, disk } = dev ? SIZES_MB.all : SIZES_MB.runtime;
  const what = `${dev ? 'run-time and development' : 'run-time'} packages, about ${download} MB to download, ${disk} MB on disk`;
  const task = progress.begin('npm packages', what);
  const reporting = reportSize(join(root, 'node_modules'), (size) => task.update(`${what}, ${size} there`));
  let ok = false;
  try {
    // `npm -s start` hands its silence on, and the reason of a failure is wanted.
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
    await runNpm(root, ['install', '--no-save', '--ignore-scripts', ...quiet, ...(dev ? [] : ['--omit=dev'])]);
    ok = true;
  } finally {
    clearInterval(reporting);
    task.end(ok ? 'installed' : 'failed');
  }
  // npm drops optional packages that cannot be had without an error; asking again at every start would change nothing.
  remember(
    root,
    createHash('sha256')
      .update(readFileSync(join(root, 'package-lock.json')))
      .digest('hex'),
    dev,
  );
}

async function runNpm(root, args) {
  // Under `npm start` this names the npm that is running; otherwise the one on the PATH.
  const npm = process.env.npm_execpath;
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const child = await spawnGuarded({
    command,
    args: [...first, ...args],
    env: process.env,
    cwd: root,
    stopSignal: 'SIGTERM',
    stopLimitSeconds: STOP_LIMIT_SECONDS,
  });
  let said = '';
  const listen = (chunk) => {
    said = `${said}${chunk}`.slice(-20_000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const { code, signal } = await child.exited;
  if (code === 0) return;
  const errors = said.split('\n').flatMap((line) => /^npm (?:error|ERR!) (.*)/.exec(line)?.[1] ?? []);
  const telling = errors.find((line) => !/^(code|syscall|errno|path|type|network) /.test(line)) ?? errors[0];
  const reason = telling ?? signal ?? `exit code ${code}`;
  throw new Error(`npm could not install the packages: ${reason}`);
}

function reportSize(folder, report) {
  let busy = false;
  return setInterval(() => {
    if (busy) return;
    busy = true;
    void sizeOf(folder).then((size) => {
      report(size);
      busy = false;
    });
  }, REPORT_MS);
}

function remember(root, lock, dev) {
  writeFileSync(markerOf(root), `${JSON.stringify({ lock, dev })}\n`);
}

const markerOf = (root) => join(root, 'node_modules', '.shopfast-installed.json');
const hiddenLockOf = (root) => join(root, 'node_modules', '.package-lock.json');

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
