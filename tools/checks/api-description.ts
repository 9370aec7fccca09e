import { spawnSync } from 'node:child_process';

/** This machine lacks a part that a check needs; the message names it. */
export class MissingPart extends Error {}

// Milliseconds: four roles of half a minute, and a platform that starts and stops.
const LIMIT_MS = 240_000;
const MISSING = 2;

/** Runs schemathesis, a program in Python, on a platform of its own. */
export function apiAsDescribed(): string {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, ['tests/with-python/main.ts'], {
    encoding: 'utf8',
    timeout: LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === MISSING) throw new MissingPart(stdout.trim().split('\n').at(-1));
  if (status !== 0) throw new Error(`${stdout}${stderr}${error ? String(error) : ''}`.trim());
  return stdout;
}
