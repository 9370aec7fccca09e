/** A worker process that dispatches, to be killed. Run by dispatch-lab.ts. */
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { Registry } from 'prom-client';
import * as z from 'zod';
import { createBackgroundWorker } from '../../../workers/background-worker.ts';
import { createDispatcher } from '../../../workers/dispatcher.ts';

const order = z.object({
  temporal: z.string(),
  namespace: z.string(),
  taskQueue: z.string(),
  codePath: z.string(),
  config: z.object({
    USERS_ADDRESS: z.string(),
    ORDERS_ADDRESS: z.string(),
    PAYMENTS_ADDRESS: z.string(),
    NOTIFICATIONS_ADDRESS: z.string(),
    WEBHOOK_PRIVATE_ADDRESSES: z.literal('allow'),
    MAIL_FROM: z.string(),
    MAIL_SPOOL_DIR: z.string(),
  }),
});
export type DispatchOrder = z.infer<typeof order>;

Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
process.on('disconnect', () => process.exit(0));

const { temporal, namespace, taskQueue, codePath, config } = order.parse(JSON.parse(process.argv[2] ?? ''));
const dispatcher = createDispatcher({ config: { ...config, SMTP_URL: undefined }, registry: new Registry() });
const worker = await createBackgroundWorker({
  connection: await NativeConnection.connect({ address: temporal }),
  namespace,
  taskQueue,
  workflowBundle: { codePath },
  activities: dispatcher.activities,
});
process.send?.('ready');
await worker.run();
