import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { SqlPool } from '../../platform/persistence/pool.ts';
import { type ApiClient, TIERS } from '../context.ts';
import { unavailable } from '../problem.ts';

// Milliseconds that an answer of the database is believed: how long a withdrawn key goes on working.
const LIFE_MS = 30_000;
// Keys remembered at once, about 200 bytes each; the least recently used goes first, so a flood of made-up keys costs no memory.
const CACHE_SIZE = 10_000;
// A key is 256 random bits and a prefix; nothing longer is worth hashing.
const KEY_LENGTH_MAX = 200;
// Characters of a key that may be shown, to tell keys apart.
const PREFIX_LENGTH = 8;

const clientRow = z.object({ id: z.string(), name: z.string(), tier: z.enum(TIERS) });

type Cached = { readonly client: ApiClient | undefined; readonly readAtMs: number };

/** API clients by their keys, of which only the hash is stored. */
export function createApiClients(pool: SqlPool, now: () => number = Date.now) {
  const cache = new Map<string, Cached>();

  function remember(hash: string, client: ApiClient | undefined): void {
    cache.delete(hash);
    cache.set(hash, { client, readAtMs: now() });
    const oldest = cache.size > CACHE_SIZE ? cache.keys().next().value : undefined;
    if (oldest !== undefined) cache.delete(oldest);
  }

  return {
    /** The active client with this key. While the database is down a key that was known stays known. */
    async find(key: string): Promise<ApiClient | undefined> {
      if (key.length > KEY_LENGTH_MAX) return undefined;
      const digest = hashKey(key);
      const hash = digest.toString('base64');
      const cached = cache.get(hash);
      if (cached && now() - cached.readAtMs < LIFE_MS) return cached.client;
      try {
        const [row] = await pool.query('select id, name, tier from api_clients where key_hash = $1 and active', [digest]);
        const client = row && clientRow.parse(row);
        remember(hash, client);
        return client;
      } catch (error: unknown) {
        if (cached?.client) return cached.client;
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
