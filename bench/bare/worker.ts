/** The bare workflow's worker: same options as the product's, nothing in the activities. Started by bench/main.ts. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { WORKER_SETTINGS } from '../../workers/order-worker.ts';
import { BARE_TASK_QUEUE, type BareActivities } from './contract.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });
process.on('disconnect', () => process.exit(0));

const activities: BareActivities = { step: async (n) => n };
const workflowBundle = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('./workflow.ts', import.meta.url)),
  logger: new DefaultLogger('ERROR'),
});
const connection = await NativeConnection.connect({ address: process.argv[2] ?? '127.0.0.1:7233' });
const worker = await Worker.create({ ...WORKER_SETTINGS, connection, taskQueue: BARE_TASK_QUEUE, workflowBundle, activities });
process.send?.(0);
await worker.run();
