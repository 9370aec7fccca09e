import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { ConfigError } from './load.ts';

/** A secret that a variable holds; `secretFile` is the other way to give it. */
export function secret(what: string) {
  return z.string().optional().describe(`${what} Secret.`);
}

/** The variable `<name>_FILE`: a file that holds the secret. */
export function secretFile(name: string) {
  return z.string().optional().describe(`A file that holds ${name}; it wins over the variable.`);
}

/** The secret without white space around it; undefined when neither variable is set. Throws ConfigError for a file without one. */
export async function readSecret(given: {
  readonly name: string;
  readonly value: string | undefined;
  readonly file: string | undefined;
}): Promise<string | undefined> {
  const { name, value, file } = given;
  if (file === undefined) return value;
  const content = await readFile(file, 'utf8').catch(() => {
    throw new ConfigError(`${name}_FILE: ${file} cannot be read`);
  });
  if (content.trim() === '') throw new ConfigError(`${name}_FILE: ${file} is empty`);
  return content.trim();
}
