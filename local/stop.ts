import { loadConfig } from '../platform/config/load.ts';
import { askPlatform, NotRunning } from '../platform/control/client.ts';
import { stopReply } from '../platform/control/protocol.ts';
import { isRunning } from './bootstrap/processes.mjs';
import { localConfig } from './config.ts';
import { pathsIn } from './paths.ts';
import { runCommand } from './run-command.ts';
import { waitFor } from './wait.ts';

// Longer than the platform needs at worst: three tiers of parts, each with its own limit.
const STOP_LIMIT_MS = 60_000;

await runCommand(async () => {
  const paths = pathsIn(loadConfig(localConfig).SHOPFAST_DATA_DIR);
  try {
    const { pid } = stopReply.parse(await askPlatform(paths.control, 'stop'));
    await waitFor(async () => {
      if (isRunning(pid)) throw new Error(`ShopFast (process ${pid}) is still stopping after ${STOP_LIMIT_MS / 1_000} s`);
    }, STOP_LIMIT_MS);
    console.log('ShopFast has stopped.');
  } catch (error: unknown) {
    if (!(error instanceof NotRunning)) throw error;
    console.log('ShopFast is not running.');
  }
});
