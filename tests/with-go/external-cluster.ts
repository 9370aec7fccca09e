import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { databaseName, PARTS } from '../../local/parts.ts';
import { ROOT } from '../../local/paths.ts';
import { postgresSpec } from '../../local/postgres/spec.ts';
import { pidsOf } from '../../local/supervisor/assemble.ts';
import { pickFreePort } from '../../local/supervisor/ports.ts';
import { createSupervisor } from '../../local/supervisor/supervisor.ts';

const SUPERUSER_PASSWORD = 'superuser';
const ROLE_PASSWORD = 'role';
const STOP_LIMIT_MS = 20_000;
const OWNERS = PARTS.flatMap(({ database }) => (database ? [databaseName(database)] : []));

export type ExternalCluster = Awaited<ReturnType<typeof startExternalCluster>>;

/**
 * A PostgreSQL that the platform does not start: whoever runs it made its roles and databases with deploy/postgres/init.sh. Killed with
 * -9 it is started again, as a cluster would be.
 */
export async function startExternalCluster() {
  const folder = mkdtempSync(join(tmpdir(), 'shopfast-cluster-'));
  chmodSync(folder, 0o711);
  mkdirSync(join(folder, 'logs'));
  const port = await pickFreePort();
  const supervisor = createSupervisor({
    specs: [
      postgresSpec({
        paths: { postgres: join(folder, 'postgres') },
        ports: { POSTGRES_PORT: port },
        superuserPassword: SUPERUSER_PASSWORD,
        passwords: {},
      }),
    ],
    logs: join(folder, 'logs'),
    report() {},
    onChange() {},
    onStart: () => () => {},
  });
  await supervisor.start();
  await runInitScript(folder, port);
  const urls = OWNERS.map((name) => [
    `${name.toUpperCase()}_DATABASE_URL`,
    `postgres://${name}:${ROLE_PASSWORD}@127.0.0.1:${port}/${name}`,
  ]);
  return {
    /** What a platform is told of it. */
    environment: Object.fromEntries(urls),
    pid: () => pidsOf(supervisor).postgres ?? 0,
    async stop() {
      await supervisor.stop(STOP_LIMIT_MS);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The embedded PostgreSQL has no psql, so a stand-in speaks for it; the script is the one that people run. */
async function runInitScript(folder: string, port: number): Promise<void> {
  const psql = join(folder, 'psql');
  writeFileSync(psql, `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'tests/with-go/psql.ts')}' "$@"\n`);
  chmodSync(psql, 0o755);
  await promisify(execFile)('bash', [join(ROOT, 'deploy/postgres/init.sh')], {
    env: {
      PATH: `${folder}:${process.env.PATH}`,
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGPASSWORD: SUPERUSER_PASSWORD,
      ROLE_PASSWORD,
    },
  });
}
