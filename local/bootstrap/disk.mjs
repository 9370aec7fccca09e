import { spawnGuarded } from './guard.mjs';

/** What a folder takes on disk, in words, by `du`: far quicker than walking 20,000 files here. */
export async function sizeOf(folder) {
  const child = await spawnGuarded({
    command: 'du',
    args: ['-sk', folder],
    env: process.env,
    stopSignal: 'SIGTERM',
    stopLimitSeconds: 1,
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.resume();
  await child.exited;
  return megabytes((Number.parseInt(text, 10) || 0) * 1_024);
}

export function megabytes(bytes) {
  return `${Math.round(bytes / 1e6)} MB`;
}
