// A folder for getting a program that takes a while, and the commands in it, which cannot outlive whoever asked for them.
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { spawnGuarded } from './guard.mjs';

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

/** Throws an Error with the last line that the command said when it fails or is not finished in time. */
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
