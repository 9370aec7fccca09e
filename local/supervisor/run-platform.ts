// What `npm start` is, as a story: one platform per data directory, in this process's hands until it ends.
import { rmSync } from 'node:fs';
import { ConfigError, loadConfig } from '../../platform/config/load.ts';
import type { PlatformStatus } from '../../platform/control/protocol.ts';
import { type ControlCommands, serveControl } from '../../platform/control/server.ts';
import { tryLock } from '../bootstrap/lock.mjs';
import { createProgress, type Progress, seconds } from '../bootstrap/progress.mjs';
import { type LocalConfig, localConfig } from '../config.ts';
import { createFactsFile } from '../facts.ts';
import { databaseName, type Part } from '../parts.ts';
import { type Paths, pathsIn, prepareDataDirectory } from '../paths.ts';
import { prepareSecrets } from '../secrets.ts';
import { findTemporal } from '../temporal/find-cli.mjs';
import { assemble, type Setting } from './assemble.ts';
import { describePlatform } from './banner.ts';
import { gatherFacts } from './gather-facts.ts';
import { stopLeftOvers } from './leftovers.ts';
import { ownMib } from './memory.ts';
import { planParts } from './plan.ts';
import { resolvePorts } from './ports.ts';
import { followStopRequests, type StopRequests } from './stop-requests.ts';
import type { Supervisor } from './supervisor.ts';
import { StoppedWhileStarting, type Unit } from './unit.ts';

// A little longer than a part gives itself for finishing what it has begun (platform/lifecycle).
const STOP_LIMIT_MS = 16_000;
// When whoever started this was killed, everything has to be gone within 10 s of that.
const HURRY_LIMIT_MS = 3_000;

/** Runs the parts until told to stop. Resolves with the exit code when nothing is left running. */
export async function runPlatform(parts: readonly Part[], environment: NodeJS.ProcessEnv): Promise<number> {
  const progress = createProgress();
  try {
    const config = loadConfig(localConfig, environment);
    const paths = pathsIn(config.SHOPFAST_DATA_DIR);
    prepareDataDirectory(paths);
    const holder = tryLock(paths.lock);
    if (holder !== undefined) {
      throw new ConfigError(
        `ShopFast already runs in ${paths.data} (process ${holder}): "npm run status" shows it, "npm stop" ends it.`,
      );
    }
    try {
      const since = performance.now();
      await live(await settle({ parts, config, paths, environment, progress }), progress, since);
      progress.line('ShopFast has stopped.');
      return 0;
    } finally {
      rmSync(paths.lock, { force: true });
    }
  } catch (error: unknown) {
    progress.line(describeFailure(error, environment));
    return 1;
  }
}

/** Everything that can be wrong before the first process starts, found in one go. */
async function settle(given: {
  readonly parts: readonly Part[];
  readonly config: LocalConfig;
  readonly paths: Paths;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
}): Promise<Setting> {
  const { parts, config, paths, environment, progress } = given;
  progress.line(`Starting ShopFast; its data is in ${paths.data}`);
  await stopLeftOvers(paths, progress.line);
  const plan = planParts(parts, config);
  const ports = await resolvePorts(config, plan.ports);
  const cli = plan.temporal ? await findTemporal({ environment, progress }) : (config.TEMPORAL_CLI_PATH ?? null);
  return { config, paths, environment, plan, ports, cli, secrets: prepareSecrets(paths, plan.databases.map(databaseName)) };
}

/** From the first process to the last. Rejects, with nothing left running, when the platform cannot be brought up. */
async function live(setting: Setting, progress: Progress, since: number): Promise<void> {
  const { paths } = setting;
  const requests = followStopRequests();
  const facts = createFactsFile(paths);
  const supervisor = assemble(setting, progress, facts.updatePids);
  const control = await serveControl(paths.control, commands(setting, supervisor, requests));
  const bringUp = async () => {
    await supervisor.start();
    const gathered = await gatherFacts(setting, supervisor, progress.line);
    facts.write(gathered);
    progress.line(describePlatform(gathered, paths, seconds(performance.now() - since)));
  };
  try {
    await Promise.race([requests.stop, bringUp()]);
    await requests.stop;
    progress.line('Stopping ShopFast');
  } catch (error: unknown) {
    if (!(error instanceof StoppedWhileStarting)) throw error;
  } finally {
    facts.remove();
    await shutDown(supervisor, requests);
    control.close();
  }
}

async function shutDown(supervisor: Supervisor, requests: StopRequests): Promise<void> {
  void requests.hurry.then(() => supervisor.stopAtOnce(HURRY_LIMIT_MS));
  await supervisor.stop(STOP_LIMIT_MS);
}

function commands({ plan }: Setting, supervisor: Supervisor, requests: StopRequests): ControlCommands {
  const named = (name: string | undefined): Unit => {
    const unit = name === undefined ? undefined : supervisor.unit(name);
    if (!unit) throw new ConfigError(`There is no part "${name}" here`);
    return unit;
  };
  return {
    /** Answers at once; the process whose number it gives is gone when all is stopped. */
    async stop() {
      requests.ask();
      return { pid: process.pid };
    },
    status: async (): Promise<PlatformStatus> => ({
      pid: process.pid,
      own_mib: ownMib(),
      elsewhere: plan.elsewhere,
      parts: await supervisor.health(),
    }),
    restart: (name: string | undefined) => named(name).restart(STOP_LIMIT_MS),
    pause: (name: string | undefined) => named(name).pause(),
    resume: (name: string | undefined) => named(name).resume(),
  };
}

function describeFailure(error: unknown, environment: NodeJS.ProcessEnv): string {
  if (!(error instanceof Error)) return String(error);
  const wantsDetail = environment.LOG_LEVEL === 'debug' || environment.LOG_LEVEL === 'trace';
  return wantsDetail && !(error instanceof ConfigError) ? (error.stack ?? error.message) : error.message;
}
