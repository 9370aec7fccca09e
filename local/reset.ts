// Forgets everything the platform made. Refuses while it runs: its processes would go on writing into what is gone.
import { existsSync, realpathSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError, loadConfig } from '../platform/config/load.ts';
import { tryLock } from './bootstrap/lock.mjs';
import { localConfig } from './config.ts';
import { type Paths, pathsIn } from './paths.ts';
import { OUTSIDE } from './postgres/home.ts';
import { runCommand } from './run-command.ts';
import { stopLeftOvers } from './supervisor/leftovers.ts';

// What makes a folder recognisable as ours: nothing else is ever deleted.
const OWN = ['supervisor.lock', 'secrets.json', 'logs', 'install.lock'];

await runCommand(async () => {
  const paths = pathsIn(loadConfig(localConfig).SHOPFAST_DATA_DIR);
  if (!existsSync(paths.data)) {
    console.log(`There is nothing to forget in ${paths.data}.`);
    return;
  }
  if (!OWN.some((name) => existsSync(`${paths.data}/${name}`))) {
    throw new ConfigError(`SHOPFAST_DATA_DIR: ${paths.data} does not look like ShopFast's data; nothing was deleted`);
  }
  const holder = tryLock(paths.lock);
  if (holder !== undefined) {
    throw new ConfigError(`ShopFast is running (process ${holder}): "npm stop" first; nothing was deleted`);
  }
  await stopLeftOvers(paths, console.log);
  removeOutside(paths);
  rmSync(paths.data, { recursive: true, force: true });
  console.log(`Forgot all data in ${paths.data}.`);
});

/** PostgreSQL's data, when it had to be kept where its account can reach it. */
function removeOutside({ postgres }: Paths): void {
  if (!existsSync(postgres)) return;
  const folder = realpathSync(postgres);
  if (dirname(folder) === OUTSIDE) rmSync(folder, { recursive: true, force: true });
}
