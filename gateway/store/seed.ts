import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { ConfigError } from '../../platform/config/load.ts';
import { TIERS } from '../identity/api-client.ts';

const seedSchema = z.array(
  z.strictObject({
    // Part of the scope of idempotency keys, in which callers without a key are `anonymous`.
    id: z.string().regex(/^(?!anonymous$)[\w.-]{1,64}$/),
    name: z.string().min(1).max(200),
    tier: z.enum(TIERS),
    key: z.string().min(16).max(200),
  }),
);

/** The API clients of GATEWAY_SEED_FILE. Its content is secret: errors name fields, never values. */
export async function readSeed(file: string): Promise<z.infer<typeof seedSchema>> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    throw new ConfigError(`GATEWAY_SEED_FILE: ${file} cannot be read as JSON`);
  }
  const parsed = seedSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'the list');
  throw new ConfigError(`GATEWAY_SEED_FILE: ${file} has wrong fields: ${fields.join(', ')}`);
}
