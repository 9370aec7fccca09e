import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type * as z from 'zod';
import { ConfigError } from '../platform/config/load.ts';

/** Writes JSON that only its owner may read, in one step: a reader sees the old content or the new. */
export function writePrivate(file: string, content: unknown): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(unfinished, file);
}

/** The content of a file that this platform wrote; undefined when there is none. Throws ConfigError when it was damaged. */
export function readPrivate<T>(file: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(file)) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error: unknown) {
    throw new ConfigError(`${file} cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${file} is damaged: "npm run reset" forgets it together with all data`);
}

/** Reads the file, or writes what `make` returns when there is none: generated once, then fixed. */
export function readOrMake<T>(file: string, schema: z.ZodType<T>, make: () => T): T {
  const found = readPrivate(file, schema);
  if (found !== undefined) return found;
  const made = make();
  writePrivate(file, made);
  return made;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
