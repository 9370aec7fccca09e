import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import type { SqlPool } from '../../platform/persistence/pool.ts';
import { unavailable } from '../http/problem.ts';
import { type ApiClient, TIERS } from '../identity/api-client.ts';

// Milliseconds for which a look-up is cached: how long a withdrawn key still works.
const TTL_MS = 30_000;
// Cached keys, about 200 bytes each. The bound keeps a flood of made-up keys from filling the memory.
const CACHED_MAX = 10_000;
// A key is 256 random bits and a prefix; nothing longer is worth hashing.
const KEY_LENGTH_MAX = 200;
// Characters of a key that may be shown, to tell keys apart.
const PREFIX_LENGTH = 8;

const clientRow = z.object({ id: z.string(), name: z.string(), tier: z.enum(TIERS) });

/** API clients by their keys, of which only the hash is stored. */
export function createApiClients(pool: SqlPool, now: () => number = Date.now) {
  // An unknown key is cached as well. Stale entries stay, for the time in which the database is down.
  const cache = new LRUCache<string, { readonly client: ApiClient | undefined }>({
    max: CACHED_MAX,
    ttl: TTL_MS,
    ttlResolution: 0,
    noDeleteOnStaleGet: true,
    perf: { now },
  });

  return {
    /** The active client with this key. While the database is down a key that was known stays known; an unknown one is 503. */
    async find(key: string): Promise<ApiClient | undefined> {
      if (key.length > KEY_LENGTH_MAX) return undefined;
      const digest = hashKey(key);
      const hash = digest.toString('base64');
      const cached = cache.get(hash);
      if (cached) return cached.client;
      try {
        const [row] = await pool.query('select id, name, tier from api_clients where key_hash = $1 and active', [digest]);
        const client = row && clientRow.parse(row);
        cache.set(hash, { client });
        return client;
      } catch (error: unknown) {
        const stale = cache.get(hash, { allowStale: true });
        if (stale?.client) return stale.client;
        throw unavailable(error);
      }
    },

    /** Writes clients as they are given; one that exists takes the new name, tier and key. */
    async put(clients: readonly (ApiClient & { readonly key: string })[]): Promise<void> {
      await pool.transaction(async ({ sql }) => {
        for (const { id, name, tier, key } of clients) {
          await sql.query(
            `insert into api_clients (id, name, tier, key_hash, key_prefix) values ($1, $2, $3, $4, $5)
             on conflict (id) do update set name = excluded.name, tier = excluded.tier,
               key_hash = excluded.key_hash, key_prefix = excluded.key_prefix`,
            [id, name, tier, hashKey(key), key.slice(0, PREFIX_LENGTH)],
          );
        }
      });
    },
  };
}

function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
