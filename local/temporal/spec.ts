import type { LocalConfig } from '../config.ts';
import type { Paths } from '../paths.ts';
import { asPartProcess } from '../supervisor/part-process.ts';
import type { Ports } from '../supervisor/ports.ts';
import type { UnitSpec } from '../supervisor/unit.ts';
import { createTemporalServer } from './server.ts';

/** The embedded Temporal as the supervisor runs it. */
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
