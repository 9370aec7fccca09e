import { loadConfig } from '../../platform/config/load.ts';
import { run } from '../../platform/lifecycle/run.ts';
import { providerConfig } from './config.ts';
import { startProvider } from './server.ts';

await run('provider', () => startProvider(loadConfig(providerConfig)));
