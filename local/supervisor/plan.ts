// Turns the table of parts and the configuration into what is started here, what runs elsewhere, and who is told what.
import type { LocalConfig, PortVariable } from '../config.ts';
import { databaseName, type Part, SERVICES } from '../parts.ts';
import type { Paths } from '../paths.ts';
import type { Secrets } from '../secrets.ts';
import { readPartHealth } from './health.ts';
import { launchNode } from './part-process.ts';
import type { Ports } from './ports.ts';
import type { UnitSpec } from './unit.ts';

const HOST = '127.0.0.1';

// What a process needs of the system it runs on, and settings that are no secret.
const FOR_EVERYBODY = new Set([
  ...['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
  ...['LOG_LEVEL', 'BIND_HOST', 'TRUST_PROXY', 'CORS_ORIGINS', 'ORDER_WAIT_MS', 'RESERVATION_TTL_MS', 'SAGA_STEP_LIMIT_MS'],
  ...['RETURN_WINDOW_MS', 'CURRENCIES', 'TAX_BASIS_POINTS', 'SHIPPING_MINOR', 'GRPC_REFLECTION'],
]);

export type Plan = ReturnType<typeof planParts>;

/** What is started here and what is not, before any port or password is known. */
export function planParts(parts: readonly Part[], config: LocalConfig) {
  const here = parts.filter((part) => !(part.insteadOf && config[part.insteadOf] !== undefined));
  const databases = here.flatMap((part) => (part.database && config[part.database] === undefined ? [part.database] : []));
  const postgres = databases.length > 0;
  const temporal = config.TEMPORAL_ADDRESS === undefined;
  const ports: PortVariable[] = [
    ...(postgres ? (['POSTGRES_PORT'] as const) : []),
    ...(temporal ? (['TEMPORAL_PORT', 'TEMPORAL_UI_PORT'] as const) : []),
    ...here.flatMap((part) => (part.grpc ? [part.grpc, part.http] : [part.http])),
  ];
  const elsewhere = parts.flatMap(({ name, insteadOf }) => {
    const address = insteadOf && config[insteadOf];
    return address === undefined ? [] : [{ name, address }];
  });
  return { here, elsewhere, databases, postgres, temporal, ports };
}

/** The values that parts may be given, by the variable they are given as. */
export function platformValues(given: {
  config: LocalConfig;
  ports: Ports;
  paths: Paths;
  secrets: Pick<Secrets, 'providerWebhook'>;
}) {
  const { config, ports, paths, secrets } = given;
  const at = (port: PortVariable) => `${HOST}:${ports[port]}`;
  const addresses = SERVICES.map(({ insteadOf, grpc }): [string, string] => [insteadOf, config[insteadOf] ?? at(grpc)]);
  return {
    ...Object.fromEntries(addresses),
    PROVIDER_URL: config.PROVIDER_URL ?? `http://${at('PROVIDER_PORT')}`,
    // A provider elsewhere has a secret of its own, which the user names.
    ...(config.PROVIDER_URL === undefined
      ? {
          PROVIDER_WEBHOOK_URL: `http://${at('GATEWAY_PORT')}/v1/provider-events`,
          PROVIDER_WEBHOOK_SECRET: secrets.providerWebhook,
        }
      : {}),
    TEMPORAL_ADDRESS: config.TEMPORAL_ADDRESS ?? at('TEMPORAL_PORT'),
    TEMPORAL_NAMESPACE: config.TEMPORAL_NAMESPACE,
    JWT_KEYS_FILE: config.JWT_KEYS_FILE ?? paths.jwtKeys,
    USERS_SEED_FILE: paths.seedUsers,
    GATEWAY_SEED_FILE: paths.seedApiClients,
    MAIL_SPOOL_DIR: config.MAIL_SPOOL_DIR ?? paths.mail,
  };
}

/** A part as the supervisor runs it. `environment` is the user's; `passwords` are those of the embedded databases. */
export function partSpec(options: {
  readonly part: Part;
  readonly config: LocalConfig;
  readonly ports: Ports;
  readonly values: Readonly<Record<string, string>>;
  readonly passwords: Readonly<Record<string, string>>;
  readonly environment: NodeJS.ProcessEnv;
}): UnitSpec {
  const { part, ports } = options;
  const env = partEnvironment(options);
  const http = `http://${HOST}:${ports[part.http]}`;
  return {
    name: part.name,
    after: part.after,
    address: part.grpc ? `${HOST}:${ports[part.grpc]}, ${http}` : http,
    launch: () => launchNode(part.script, env),
    check: () => readPartHealth(ports[part.http]),
  };
}

function partEnvironment(options: Parameters<typeof partSpec>[0]): NodeJS.ProcessEnv {
  const { part, config, ports, values, passwords, environment } = options;
  const prefix = `${part.name.toUpperCase()}_`;
  const handedOn = Object.entries(environment).filter(
    ([name]) => FOR_EVERYBODY.has(name) || name.startsWith(prefix) || name.startsWith('OTEL_') || part.takes.includes(name),
  );
  return {
    // A platform on somebody's own machine explains itself; elsewhere it is off unless it is asked for.
    GRPC_REFLECTION: 'on',
    ...Object.fromEntries(handedOn),
    NODE_OPTIONS: nodeOptions(part, environment.NODE_OPTIONS),
    ...Object.fromEntries(Object.entries(values).filter(([name]) => part.takes.includes(name))),
    ...(part.database ? { [part.database]: config[part.database] ?? embeddedUrl(part.database, ports, passwords) } : {}),
    [part.http]: String(ports[part.http]),
    ...(part.grpc ? { [part.grpc]: String(ports[part.grpc]) } : {}),
  };
}

/** The user's own options win. */
export function nodeOptions({ heapMib, youngMib }: Pick<Part, 'heapMib' | 'youngMib'>, own = ''): string {
  return `--max-semi-space-size=${youngMib} --max-old-space-size=${heapMib} ${own}`.trim();
}

function embeddedUrl(variable: NonNullable<Part['database']>, ports: Ports, passwords: Readonly<Record<string, string>>): string {
  const name = databaseName(variable);
  return `postgres://${name}:${passwords[name]}@${HOST}:${ports.POSTGRES_PORT}/${name}`;
}
