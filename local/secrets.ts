// Everything that a fresh platform makes up for itself, once: passwords, keys, demo people. All of it stays in files that
// only their owner can read; each part is given the file or the value that it needs and no other.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import * as z from 'zod';
import type { Paths } from './paths.ts';
import { readOrMake, writePrivate } from './private-files.ts';

const user = z.object({
  id: z.string(),
  email: z.string(),
  password: z.string(),
  name: z.string(),
  role: z.string(),
  address: z.record(z.string(), z.string()).optional(),
});
const apiClient = z.object({ id: z.string(), name: z.string(), tier: z.string(), key: z.string() });
const secretsFile = z.object({
  postgres: z.string(),
  databases: z.record(z.string(), z.string()),
  providerWebhook: z.string(),
  users: z.object({ customer: user, operator: user, admin: user }),
  apiClients: z.object({ demo: apiClient, bench: apiClient }),
});
const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

export type Secrets = z.infer<typeof secretsFile>;

/**
 * Reads the secrets, making what is missing, and lays out the files that the parts read. `databases` are those that need
 * a password; a newer version of the platform may have more of them than its data.
 */
export function prepareSecrets(paths: Paths, databases: readonly string[]): Secrets {
  const found = readOrMake(paths.secrets, secretsFile, makeSecrets);
  const missing = databases.filter((name) => found.databases[name] === undefined);
  const made = Object.fromEntries(missing.map((name) => [name, secret(32)]));
  const secrets = { ...found, databases: { ...found.databases, ...made } };
  if (missing.length > 0) writePrivate(paths.secrets, secrets);
  readOrMake(paths.jwtKeys, keySet, makeJwtKeys);
  readOrMake(paths.seedUsers, z.array(user), () => Object.values(secrets.users));
  readOrMake(paths.seedApiClients, z.array(apiClient), () => Object.values(secrets.apiClients));
  return secrets;
}

function makeSecrets(): Secrets {
  return {
    postgres: secret(32),
    databases: {},
    providerWebhook: secret(32),
    users: {
      customer: { ...makeUser('customer', 'Demo Customer'), address: DEMO_ADDRESS },
      operator: makeUser('operator', 'Demo Operator'),
      admin: makeUser('admin', 'Demo Admin'),
    },
    apiClients: { demo: makeApiClient('Demo shop', 'professional'), bench: makeApiClient('Bench', 'internal') },
  };
}

const DEMO_ADDRESS = { line1: '1 Market Street', city: 'Berlin', postalCode: '10115', country: 'DE' };

function makeUser(role: string, name: string) {
  return { id: uuid(), email: `${role}@shopfast.example`, password: secret(12), name, role };
}

function makeApiClient(name: string, tier: string) {
  return { id: uuid(), name, tier, key: `sf_${tier}_${secret(32)}` };
}

/** The private key set of the signing key: ES256, as RFC 7517 writes it. */
function makeJwtKeys() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: secret(8), alg: 'ES256', use: 'sig' }] };
}

function secret(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
