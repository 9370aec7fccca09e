// The two embedded servers as the supervisor runs them.
import type { LocalConfig } from './config.ts';
import { asPartProcess } from './part-process.ts';
import type { Paths } from './paths.ts';
import type { Ports } from './ports.ts';
import { createPostgres } from './postgres.ts';
import { preparePostgresHome } from './postgres-home.ts';
import { ensureDatabases } from './postgres-roles.ts';
import { createTemporalServer } from './temporal-server.ts';
import type { UnitSpec } from './unit.ts';

/** Ready once every role and database is there. */
export function postgresSpec(options: {
  readonly paths: Pick<Paths, 'postgres'>;
  readonly ports: Pick<Ports, 'POSTGRES_PORT'>;
  readonly superuserPassword: string;
  readonly passwords: Readonly<Record<string, string>>;
}): UnitSpec {
  const { paths, ports, passwords } = options;
  const home = preparePostgresHome(paths.postgres);
  const server = createPostgres({ home, port: ports.POSTGRES_PORT, password: options.superuserPassword, durable: true });
  let prepared = false;
  return {
    name: 'postgres',
    after: [],
    address: `127.0.0.1:${ports.POSTGRES_PORT}`,
    launch: async () => asPartProcess(await server.launch()),
    async check() {
      const version = await server.check();
      if (!prepared) await ensureDatabases(server.url(), passwords);
      prepared = true;
      return version;
    },
  };
}

export function temporalSpec(options: {
  readonly config: LocalConfig;
  readonly paths: Paths;
  readonly ports: Ports;
  readonly cli: string;
}): UnitSpec {
  const { config, paths, ports, cli } = options;
  const server = createTemporalServer({
    cli,
    port: ports.TEMPORAL_PORT,
    uiPort: ports.TEMPORAL_UI_PORT,
    namespace: config.TEMPORAL_NAMESPACE,
    file: paths.temporal,
  });
  return {
    name: 'temporal',
    after: [],
    address: `127.0.0.1:${ports.TEMPORAL_PORT}, http://127.0.0.1:${ports.TEMPORAL_UI_PORT}`,
    launch: async () => asPartProcess(await server.launch()),
    check: server.check,
  };
}
