import { chmodSync, mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../platform/config/load.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

// sockaddr_un holds 104 bytes on macOS and 108 on Linux, with the ending zero.
const SOCKET_PATH_MAX_BYTES = 103;

export type Paths = ReturnType<typeof pathsIn>;

/** Every file of a data directory, given as the user wrote it: relative to the clone. */
export function pathsIn(dataDirectory: string) {
  const data = resolve(ROOT, dataDirectory);
  return {
    data,
    facts: join(data, 'platform.json'),
    control: socketPath(join(data, 'control.sock')),
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

/** A deep clone's path may be too long for a socket; from the clone itself it is short. */
function socketPath(path: string): string {
  const short = [path, relative(process.cwd(), path)].sort((a, b) => Buffer.byteLength(a) - Buffer.byteLength(b))[0] ?? path;
  if (Buffer.byteLength(short) > SOCKET_PATH_MAX_BYTES) {
    throw new ConfigError(
      `SHOPFAST_DATA_DIR: ${path} is too long for a socket (${SOCKET_PATH_MAX_BYTES} bytes): choose a shorter folder`,
    );
  }
  return short;
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
