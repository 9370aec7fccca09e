import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from './machine.ts';

/** Writes what a bench found, with the machine that it was found on; returns the file. */
export async function writeResult(bench: 'orders' | 'parts', result: object): Promise<string> {
  const at = new Date().toISOString();
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${at.slice(0, 16).replaceAll(':', '')}-${bench}.json`);
  writeFileSync(file, `${JSON.stringify({ at, machine: await fingerprint(), ...result }, null, 2)}\n`);
  return file;
}
