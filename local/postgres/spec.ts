import type { Paths } from '../paths.ts';
import { asPartProcess } from '../supervisor/part-process.ts';
import type { Ports } from '../supervisor/ports.ts';
import type { UnitSpec } from '../supervisor/unit.ts';
import { preparePostgresHome } from './home.ts';
import { ensureDatabases } from './roles.ts';
import { createPostgres } from './server.ts';

/** The embedded PostgreSQL as the supervisor runs it. Ready once every role and database is there. */
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
