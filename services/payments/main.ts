import { loadConfig } from '../../platform/config/load.ts';
import { run } from '../../platform/lifecycle/run.ts';
import { paymentsConfig } from './config.ts';
import { startPayments } from './server.ts';

await run('payments', () => startPayments(loadConfig(paymentsConfig)));
