/** The configuration file of a whole Temporal server in one process, on PostgreSQL and on loopback only. */
type Members = 'frontendMembers' | 'historyMembers' | 'matchingMembers' | 'workerMembers';
export type TemporalPorts = Readonly<Record<'frontend' | 'history' | 'matching' | 'worker' | 'frontendHttp' | Members, number>>;

/** One database and one role of the same name for each: names to passwords. */
export type TemporalDatabases = Readonly<Record<'temporal' | 'temporal_visibility', string>>;

// Fixed for the life of the database. A cluster has hundreds; on one machine each one only polls.
const SHARDS = 4;
const CONNECTIONS = { temporal: 20, temporal_visibility: 5 } as const;

/** JSON is YAML, and needs no thought about quotes. */
export function temporalConfig(options: {
  readonly ports: TemporalPorts;
  readonly postgresPort: number;
  readonly databases: TemporalDatabases;
  readonly dynamicConfig: string;
}): string {
  const { ports, postgresPort, databases, dynamicConfig } = options;
  const store = (name: keyof TemporalDatabases) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName: name,
      connectAddr: `127.0.0.1:${postgresPort}`,
      connectProtocol: 'tcp',
      user: name,
      password: databases[name],
      maxConns: CONNECTIONS[name],
      maxIdleConns: CONNECTIONS[name],
      maxConnLifetime: '1h',
    },
  });
  const rpc = (grpcPort: number, membershipPort: number, more = {}) => ({
    rpc: { grpcPort, membershipPort, bindOnIP: '127.0.0.1', ...more },
  });
  const off = { state: 'disabled' };
  return JSON.stringify({
    log: { stdout: true, level: 'error' },
    persistence: {
      defaultStore: 'main',
      visibilityStore: 'visibility',
      numHistoryShards: SHARDS,
      datastores: { main: store('temporal'), visibility: store('temporal_visibility') },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: {
      frontend: rpc(ports.frontend, ports.frontendMembers, { httpPort: ports.frontendHttp }),
      history: rpc(ports.history, ports.historyMembers),
      matching: rpc(ports.matching, ports.matchingMembers),
      worker: rpc(ports.worker, ports.workerMembers),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: { enabled: true, initialFailoverVersion: 1, rpcName: 'frontend', rpcAddress: `127.0.0.1:${ports.frontend}` },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    archival: { history: off, visibility: off },
    namespaceDefaults: { archival: { history: off, visibility: off } },
    dynamicConfigClient: { filepath: dynamicConfig, pollInterval: '10s' },
  });
}
