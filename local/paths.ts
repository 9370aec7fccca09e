import { chmodSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../platform/config/load.ts';
import { controlSocket } from '../platform/control/protocol.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export type Paths = ReturnType<typeof pathsIn>;

/** Every file of a data directory, given as the user wrote it: relative to the clone. */
export function pathsIn(dataDirectory: string) {
  const data = resolve(ROOT, dataDirectory);
  return {
    data,
    facts: join(data, 'platform.json'),
    control: controlSocket(data),
    lock: join(data, 'supervisor.lock'),
    running: join(data, 'running.json'),
    secrets: join(data, 'secrets.json'),
    jwtKeys: join(data, 'keys', 'jwt.json'),
    seedUsers: join(data, 'seed-users.json'),
    seedApiClients: join(data, 'seed-api-clients.json'),
    products: join(data, 'demo-products.json'),
    mail: join(data, 'mail'),
    logs: join(data, 'logs'),
    postgres: join(data, 'postgres'),
    temporal: join(data, 'temporal', 'temporal.db'),
  };
}

/** Only its owner looks inside. Root's PostgreSQL runs as another user and must be able to pass through, not to look. */
export function prepareDataDirectory({ data, logs }: Paths): void {
  try {
    mkdirSync(data, { recursive: true });
    chmodSync(data, process.getuid?.() === 0 ? 0o711 : 0o700);
    mkdirSync(logs, { recursive: true, mode: 0o700 });
  } catch (error: unknown) {
    throw new ConfigError(
      `SHOPFAST_DATA_DIR: ${data} cannot be used (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}
