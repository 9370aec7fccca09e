// The entry of every npm script. Runs on the machine's own Node before anything is installed; installs what is missing,
// then hands over to the Node that the packages bring.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTemporal } from '../temporal/find-cli.mjs';
import { COMMANDS, describeCommands } from './commands.mjs';
import { ensureInstalled, isGlibc } from './install.mjs';
import { commandOf, inspect } from './processes.mjs';
import { createProgress } from './progress.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OLDEST_NODE = 20;
// Types are stripped by Node itself from here on.
const TYPESCRIPT_NODE = 24;
const WATCH_MS = 1_000;
const ORPHAN_LIMIT_MS = 9_000;

const [name, ...userArguments] = process.argv.slice(2);
try {
  await launch(name, userArguments);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

async function launch(name, userArguments) {
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(`${describeCommands().join('\n')}\n`);
    return;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new Error(`There is no command "${name}". Commands: ${Object.keys(COMMANDS).join(', ')}`);
  requireThisMachine();
  const watch = watchAncestors();
  if (!command.dev) readSettings();
  const progress = createProgress({ stream: process.stderr });
  const temporal = needsTemporal(command) ? findTemporal({ environment: process.env, progress }) : Promise.resolve(undefined);
  const [installed, found] = await Promise.allSettled([
    ensureInstalled({ root: ROOT, dev: command.dev === true, progress }),
    temporal,
  ]);
  for (const outcome of [installed, found]) if (outcome.status === 'rejected') throw outcome.reason;
  await handOver({ command, userArguments, cli: found.value, watch });
}

function requireThisMachine() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < OLDEST_NODE)
    throw new Error(`Node ${process.versions.node} is too old: ShopFast needs Node ${OLDEST_NODE} or newer.`);
  if (process.platform === 'win32') throw new Error('Windows runs ShopFast inside WSL: https://learn.microsoft.com/windows/wsl');
  if (process.platform === 'linux' && !isGlibc()) {
    throw new Error(
      'This Linux has no glibc (Alpine and other musl systems): Temporal and PostgreSQL need it. Use Debian, Ubuntu, Fedora or such.',
    );
  }
}

/** A user's own settings; variables that are set win over the file. Tests do not depend on it. */
function readSettings() {
  const file = join(ROOT, '.env');
  if (!existsSync(file)) return;
  if (!process.loadEnvFile)
    throw new Error(`Node ${process.versions.node} cannot read ${file}: Node 20.12 or newer can, or set the variables.`);
  process.loadEnvFile(file);
}

function needsTemporal(command) {
  return command.temporal === 'always' || (command.temporal === true && !process.env.TEMPORAL_ADDRESS);
}

async function handOver({ command, userArguments, cli, watch }) {
  const node = findNode();
  const flags = [
    ...(command.flags ?? []),
    ...(command.itself ? [] : ['--import', new URL('./parent-watch.mjs', import.meta.url).href]),
  ];
  const child = spawn(node, [...flags, join(ROOT, command.script), ...(command.arguments ?? []), ...userArguments], {
    cwd: ROOT,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...(cli ? { TEMPORAL_CLI_PATH: cli } : {}) },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  watch.onGone(() => {
    // A closed channel means "stop at once, nobody is left to wait"; the signal is for programs that do not know that.
    if (child.connected) child.disconnect();
    if (!command.itself) child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), ORPHAN_LIMIT_MS).unref();
  });
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...ended) => resolve(ended));
  });
  process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
}

function findNode() {
  const bundled = join(ROOT, 'node_modules', '.bin', 'node');
  if (existsSync(bundled)) return bundled;
  if (Number(process.versions.node.split('.')[0]) >= TYPESCRIPT_NODE) return process.execPath;
  throw new Error(
    `There is no package with Node ${TYPESCRIPT_NODE} for ${process.platform} ${process.arch} and this is Node ${process.versions.node}: install Node ${TYPESCRIPT_NODE} and start again.`,
  );
}

/**
 * Under npm this is a grandchild: npm, perhaps a shell, this. When one above is killed the one below it gets another
 * parent, which is the only thing that tells. Started by hand there is nothing above to follow.
 */
function watchAncestors() {
  let gone = () => process.exit(1);
  const chain = process.env.npm_lifecycle_event ? ancestorsUpToNpm() : [];
  setInterval(() => {
    if (chain.some(({ pid, parent }) => inspect(pid)?.parent !== parent)) {
      chain.length = 0;
      gone();
    }
  }, WATCH_MS).unref();
  return {
    onGone(listener) {
      gone = listener;
    },
  };
}

function ancestorsUpToNpm() {
  const chain = [];
  let pid = process.pid;
  for (let depth = 0; depth < 3; depth += 1) {
    const parent = inspect(pid)?.parent ?? 0;
    if (parent <= 1) break;
    chain.push({ pid, parent });
    if (/\bnpm\b/.test(commandOf(parent))) return chain;
    pid = parent;
  }
  return chain.slice(0, 1);
}
