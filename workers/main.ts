import { loadConfig } from '../platform/config/load.ts';
import { run } from '../platform/lifecycle/run.ts';
import { workerConfig } from './config.ts';
import { startWorker } from './server.ts';

await run('worker', () => startWorker(loadConfig(workerConfig)));
