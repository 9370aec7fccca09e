import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import pg from 'pg';
import { loadConfig } from '../../platform/config/load.ts';
import type { Running } from '../../platform/lifecycle/run.ts';
import { createClient, type GrpcClient } from '../../platform/rpc/client.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { type CreateUserRequest, type User, UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { usersConfig } from '../../services/users/config.ts';
import { startUsers } from '../../services/users/server.ts';
import { createDatabase } from '../../testkit/database.ts';

export const LIMITS = { deadlineMs: 10_000 };
export const PASSWORD = 'correct horse battery';

export type UsersFixture = Awaited<ReturnType<typeof openUsers>>;

/** A database, a key file and a folder for the users service, which `start` runs as often as asked. */
export async function openUsers() {
  const database = await createDatabase('users');
  const folder = await mkdtemp(join(tmpdir(), 'shopfast-users-'));
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  // Dropping the database may end a connection that the pool is still closing.
  pool.on('error', () => {});
  const started: { running: Running; client: GrpcClient<typeof UsersServiceService> }[] = [];
  const relays: GrpcClient<typeof OutboxServiceService>[] = [];
  const keysFile = await write('keys.json', { keys: [await signingKey('first'), await signingKey('second')] });
  const environment = {
    USERS_PORT: '0',
    USERS_HTTP_PORT: '0',
    USERS_DATABASE_URL: database.url,
    JWT_KEYS_FILE: keysFile,
    LOG_LEVEL: 'fatal',
  };

  async function write(name: string, content: unknown): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
    return path;
  }
  return {
    environment,
    write,
    async start(changes: Record<string, string> = {}) {
      const running = await startUsers(loadConfig(usersConfig, { ...environment, ...changes }));
      const client = createClient(UsersServiceService, { target: `127.0.0.1:${running.listening.grpc}` });
      started.push({ running, client });
      return client.calls;
    },
    /** The events of the service that was started last, as the relay reads them. */
    async outbox() {
      const target = `127.0.0.1:${started.at(-1)?.running.listening.grpc}`;
      const client = createClient(OutboxServiceService, { target });
      relays.push(client);
      return client.calls;
    },
    /** A connection of the test's own, for a transaction; to be released. */
    connect: () => pool.connect(),
    async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
      return (await pool.query<Row>(text, values)).rows;
    },
    /** A user who exists without a registration's third of a second; the first one must have been registered. */
    async addUser(): Promise<{ id: string; email: string }> {
      const email = `user-${randomUUID()}@example.com`;
      const [row] = await this.sql<{ id: string }>(
        `with added as (
           insert into users (id, email, password_hash, name, role)
           select gen_random_uuid(), $1, password_hash, 'Ada Lovelace', 'customer' from users limit 1 returning id
         ), emitted as (insert into outbox (id, type, user_id) select gen_random_uuid(), 'user.registered', id from added)
         select id from added`,
        [email],
      );
      return { id: row?.id ?? '', email };
    },
    takeDatabaseAway: database.takeAway,
    async close() {
      for (const client of [...relays, ...started.map((each) => each.client)]) client.close();
      await Promise.all(started.map(({ running }) => running.stop()));
      await pool.end();
      await database.drop();
      await rm(folder, { recursive: true });
    },
  };
}

export async function signingKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' };
}

export function registration(given: Partial<CreateUserRequest> = {}): CreateUserRequest {
  const id = randomUUID();
  return {
    idempotencyKey: `register:${id}`,
    email: `user-${id}@example.com`,
    password: PASSWORD,
    name: 'Ada Lovelace',
    ...given,
  };
}

export function userOf({ user }: { user: User | undefined }): User {
  if (!user) throw new Error('A user was expected');
  return user;
}
