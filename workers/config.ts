import * as z from 'zod';
import { ORDER_LIMITS } from '../contracts/order-limits.ts';
import { TASK_QUEUES, type TaskQueue } from '../contracts/task-queues.ts';
import {
  bindHost,
  httpUrl,
  logLevel,
  mailbox,
  port,
  smtpUrl,
  target,
  webhookPrivateAddresses,
  whole,
} from '../platform/config/fields.ts';
import { temporalFields } from '../platform/temporal/config.ts';

const { SAGA_STEP_LIMIT_MS: stepLimit, RETURN_WINDOW_MS: returnWindow } = ORDER_LIMITS;

const isTaskQueue = (name: string): name is TaskQueue => TASK_QUEUES.some((known) => known === name);

const taskQueues = z
  .string()
  .transform((list) => [...new Set(list.split(',').map((name) => name.trim()))])
  .refine((names) => names.every(isTaskQueue), `must be a list of ${TASK_QUEUES.join(', ')}`)
  .transform((names) => names.filter(isTaskQueue))
  .default([...TASK_QUEUES])
  .describe('The task queues that this process serves, separated by commas; by default all of them.');

export const workerConfig = z.object({
  WORKER_HTTP_PORT: port(8005, 'Where the worker answers health and metrics; 0 lets the system choose.'),
  WORKER_TASK_QUEUES: taskQueues,
  ...temporalFields,
  USERS_ADDRESS: target('Where users answers gRPC.').default('127.0.0.1:9001'),
  PRODUCTS_ADDRESS: target('Where products answers gRPC.').default('127.0.0.1:9002'),
  ORDERS_ADDRESS: target('Where orders answers gRPC.').default('127.0.0.1:9003'),
  PAYMENTS_ADDRESS: target('Where payments answers gRPC.').default('127.0.0.1:9004'),
  NOTIFICATIONS_ADDRESS: target('Where notifications answers gRPC.').default('127.0.0.1:9005'),
  PROVIDER_URL: httpUrl('The payment provider, whose ledger the reconciler compares with that of payments.').default(
    'http://127.0.0.1:8070',
  ),
  SAGA_STEP_LIMIT_MS: whole(stepLimit.standard, stepLimit.range, stepLimit.says),
  RETURN_WINDOW_MS: whole(returnWindow.standard, returnWindow.range, returnWindow.says),
  WEBHOOK_PRIVATE_ADDRESSES: webhookPrivateAddresses,
  SMTP_URL: smtpUrl(
    'The server that mails to customers go out by; absent: they are put into MAIL_SPOOL_DIR. Secret when it holds a password.',
  ).optional(),
  MAIL_FROM: mailbox('Who mails to customers are from.').default('ShopFast <orders@shopfast.invalid>'),
  MAIL_SPOOL_DIR: z.string().default('.data/mail').describe('Where mails to customers are put while there is no SMTP_URL.'),
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type WorkerConfig = Readonly<z.infer<typeof workerConfig>>;
