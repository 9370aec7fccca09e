import { loadConfig } from '../platform/config/load.ts';
import { run } from '../platform/lifecycle/run.ts';
import { gatewayConfig } from './config.ts';
import { startGateway } from './server.ts';

await run('gateway', () => startGateway(loadConfig(gatewayConfig)));
