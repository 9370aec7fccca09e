import * as z from 'zod';
import { loadConfig } from '../platform/config/load.ts';
import { localConfig } from './config.ts';
import { askPlatform, NotRunning } from './control.ts';
import { mainOf } from './main-of.ts';
import { pathsIn } from './paths.ts';
import { isRunning } from './processes.mjs';
import { waitFor } from './wait.ts';

// Longer than the platform needs at worst: three tiers of parts, each with its own limit.
const STOP_LIMIT_MS = 60_000;

await mainOf(async () => {
  const paths = pathsIn(loadConfig(localConfig).SHOPFAST_DATA_DIR);
  try {
    const { pid } = z.object({ pid: z.number() }).parse(await askPlatform(paths.control, 'stop'));
    await waitFor(async () => {
      if (isRunning(pid)) throw new Error(`ShopFast (process ${pid}) is still stopping after ${STOP_LIMIT_MS / 1_000} s`);
    }, STOP_LIMIT_MS);
    console.log('ShopFast has stopped.');
  } catch (error: unknown) {
    if (!(error instanceof NotRunning)) throw error;
    console.log('ShopFast is not running.');
  }
});
