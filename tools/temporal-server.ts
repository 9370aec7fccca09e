import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { address } from '../platform/config/fields.ts';
import { loadConfig } from '../platform/config/load.ts';

const environment = z.object({
  TEMPORAL_ADDRESS: address("The Temporal server; absent: the running platform's.").optional(),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('The Temporal namespace that orders run in.'),
  TEMPORAL_API_KEY: z.string().optional().describe('An API key for Temporal Cloud; turns TLS on. Secret.'),
  SHOPFAST_DATA_DIR: z.string().default('.data').describe('Where a running platform writes its facts.'),
});

const facts = z.object({ temporal: z.object({ address: z.string(), namespace: z.string() }) });

/** The running platform's Temporal, unless TEMPORAL_ADDRESS names another. */
export function findServer() {
  const config = loadConfig(environment);
  const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE: namespace, TEMPORAL_API_KEY: apiKey } = config;
  if (TEMPORAL_ADDRESS) return { namespace, address: TEMPORAL_ADDRESS, ...(apiKey ? { apiKey, tls: true } : {}) };
  const file = join(config.SHOPFAST_DATA_DIR, 'platform.json');
  if (!existsSync(file)) throw new Error(`No platform runs here (no ${file}): npm start, or set TEMPORAL_ADDRESS`);
  return facts.parse(JSON.parse(readFileSync(file, 'utf8'))).temporal;
}
