import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import * as z from 'zod';
import { inspect } from '../../../local/bootstrap/processes.mjs';
import type { RunningPlatform } from '../../../testkit/platform.ts';
import { type Known, known } from '../../../testkit/processes.ts';

/** Real PostgreSQL and Temporal, and stand-ins for the parts. */
export const STAND_INS = 'tests/local/fixtures/platform.ts';
/** The stand-ins with a database; each is a role, too. */
export const ROLES = ['users', 'orders', 'notifications', 'gateway', 'provider'];

const secretsFile = z.object({ databases: z.record(z.string(), z.string()) });

/** Every process of a platform: supervisor, parts, servers and their guards. */
export function processesOf({ currentFacts, supervisorPid }: RunningPlatform): Known[] {
  const parts = Object.values(currentFacts().pids);
  const guards = parts.map((pid) => inspect(pid)?.parent ?? 0);
  return [...new Set([...parts, ...guards, supervisorPid])].map(known);
}

/** The guard of a server and its watcher: two shells. */
export function guardsOf(server: number): number[] {
  const guard = inspect(server)?.parent ?? 0;
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return [...all.filter((pid) => pid !== server && inspect(pid)?.parent === guard), guard];
}

export function passwordsOf({ dataDir }: RunningPlatform): Record<string, string> {
  return secretsFile.parse(JSON.parse(readFileSync(join(dataDir, 'secrets.json'), 'utf8'))).databases;
}

/** Connects as a part's role. Rejects with the server's own words. */
export async function connect(platform: RunningPlatform, role: string, database: string): Promise<pg.Client> {
  const { parts } = await platform.status();
  const server = parts.find(({ name }) => name === 'postgres')?.address;
  const password = passwordsOf(platform)[role];
  const client = new pg.Client({ connectionString: `postgres://${role}:${password}@${server}/${database}` });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** How often the stand-in of users found its database healthy, ever: data that survives restarts. */
export async function countVisits(platform: RunningPlatform): Promise<number> {
  const client = await connect(platform, 'users', 'users');
  const { rows } = await client.query<{ visits: number }>('select count(*)::int as visits from visits');
  await client.end();
  return rows[0]?.visits ?? 0;
}
