import type { Progress } from '../bootstrap/progress.mjs';
import type { LocalConfig } from '../config.ts';
import { databaseName } from '../parts.ts';
import type { Paths } from '../paths.ts';
import { postgresSpec } from '../postgres/spec.ts';
import type { Secrets } from '../secrets.ts';
import { temporalSpec } from '../temporal/spec.ts';
import { rememberProcesses } from './leftovers.ts';
import { type Plan, partSpec, platformValues } from './plan.ts';
import type { Ports } from './ports.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

/** Everything that is settled before the first process starts. */
export type Setting = {
  readonly config: LocalConfig;
  readonly paths: Paths;
  readonly environment: NodeJS.ProcessEnv;
  readonly plan: Plan;
  readonly ports: Ports;
  readonly secrets: Secrets;
  /** The Temporal CLI; null when Temporal runs elsewhere and nobody named one. */
  readonly cli: string | null;
};

/** The supervisor of what the plan says is started here. `onPids` follows the processes. */
export function assemble(setting: Setting, progress: Progress, onPids: (pids: Record<string, number>) => void): Supervisor {
  const { config, paths, environment, plan, ports, secrets, cli } = setting;
  const values = platformValues({ config, ports, paths, secrets });
  const passwords = Object.fromEntries(plan.databases.map(databaseName).map((name) => [name, secrets.databases[name] ?? '']));
  const supervisor: Supervisor = createSupervisor({
    specs: [
      ...(plan.postgres ? [postgresSpec({ paths, ports, superuserPassword: secrets.postgres, passwords })] : []),
      ...(plan.temporal && cli ? [temporalSpec({ config, paths, ports, cli })] : []),
      ...plan.here.map((part) => partSpec({ part, config, ports, values, passwords, environment })),
    ],
    logs: paths.logs,
    report: (text) => progress.line(`${new Date().toISOString()} ${text}`),
    onChange() {
      const pids = pidsOf(supervisor);
      rememberProcesses(paths, pids);
      onPids(pids);
    },
    onStart(name) {
      const task = progress.begin(name, 'starting');
      return (ready) => task.end(ready ? 'ready' : undefined);
    },
  });
  return supervisor;
}

/** The process of each part that has one. */
export function pidsOf(supervisor: Supervisor): Record<string, number> {
  return Object.fromEntries(supervisor.snapshots().flatMap(({ name, pid }) => (pid === null ? [] : [[name, pid]])));
}
