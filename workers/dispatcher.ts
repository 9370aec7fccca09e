/** The dispatcher's clients and senders, and the workflow that keeps it running. */
import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { Counter, type Registry } from 'prom-client';
import { createDispatch } from '../activities/events/dispatch.ts';
import { createMailSender } from '../activities/events/mail-sender.ts';
import { createWebhookSender } from '../activities/events/webhook-sender.ts';
import { DISPATCH_WORKFLOW_ID, DISPATCH_WORKFLOW_TYPE, type DispatchActivities } from '../contracts/dispatch.ts';
import { BACKGROUND_TASK_QUEUE } from '../contracts/task-queues.ts';
import type { SendMail } from '../platform/mail/mail.ts';
import { createSmtp } from '../platform/mail/smtp.ts';
import { createSpool } from '../platform/mail/spool.ts';
import { createClient } from '../platform/rpc/client.ts';
import type { Logger } from '../platform/telemetry/logs.ts';
import { createPost } from '../platform/webhooks/post.ts';
import { OutboxServiceService } from '../proto/gen/shopfast/events/v1/events.ts';
import { NotificationsServiceService } from '../proto/gen/shopfast/notifications/v1/notifications.ts';
import { UsersServiceService } from '../proto/gen/shopfast/users/v1/users.ts';
import type { WorkerConfig } from './config.ts';

export type DispatcherConfig = Pick<
  WorkerConfig,
  | 'USERS_ADDRESS'
  | 'ORDERS_ADDRESS'
  | 'PAYMENTS_ADDRESS'
  | 'NOTIFICATIONS_ADDRESS'
  | 'WEBHOOK_PRIVATE_ADDRESSES'
  | 'SMTP_URL'
  | 'MAIL_FROM'
  | 'MAIL_SPOOL_DIR'
>;

export type Dispatcher = {
  readonly activities: DispatchActivities;
  /** Claims nothing more. Call it before the worker stops, which otherwise waits until it gives up on its activities. */
  stop(): void;
  /** Call it when nothing is in flight any more. */
  close(): void;
};

export function createDispatcher(deps: {
  readonly config: DispatcherConfig;
  readonly registry: Registry;
  readonly runMs?: number;
}): Dispatcher {
  const { config, registry, runMs } = deps;
  const outboxes = {
    users: createClient(OutboxServiceService, { target: config.USERS_ADDRESS }),
    orders: createClient(OutboxServiceService, { target: config.ORDERS_ADDRESS }),
    payments: createClient(OutboxServiceService, { target: config.PAYMENTS_ADDRESS }),
  };
  const notifications = createClient(NotificationsServiceService, { target: config.NOTIFICATIONS_ADDRESS });
  const users = createClient(UsersServiceService, { target: config.USERS_ADDRESS });
  const stopping = new AbortController();
  const attempts = new Counter({
    name: 'event_deliveries_total',
    help: 'Attempts to deliver an event to a receiver, by channel and result.',
    labelNames: ['channel', 'result'],
    registers: [registry],
  });
  return {
    activities: createDispatch({
      calls: {
        notifications: notifications.calls,
        outboxes: { users: outboxes.users.calls, orders: outboxes.orders.calls, payments: outboxes.payments.calls },
      },
      senders: {
        webhook: createWebhookSender(createPost({ privateAddresses: config.WEBHOOK_PRIVATE_ADDRESSES === 'allow' })),
        mail: createMailSender({ users: users.calls, sendMail: mailTransport(config) }),
      },
      stopping: stopping.signal,
      onSettled: (channel, result) => attempts.inc({ channel, result }),
      ...(runMs === undefined ? {} : { runMs }),
    }),
    stop: () => stopping.abort(),
    close() {
      for (const client of [...Object.values(outboxes), notifications, users]) client.close();
    },
  };
}

function mailTransport({ SMTP_URL: url, MAIL_FROM: from, MAIL_SPOOL_DIR: folder }: DispatcherConfig): SendMail {
  return url === undefined ? createSpool({ folder, from }) : createSmtp({ url, from });
}

/** Starts the dispatcher's workflow unless it runs: however many workers start it, it runs once. */
export async function startDispatching(
  connection: NativeConnection,
  namespace: string,
  logger: Logger,
  taskQueue: string = BACKGROUND_TASK_QUEUE,
): Promise<void> {
  try {
    await new Client({ connection, namespace }).workflow.start(DISPATCH_WORKFLOW_TYPE, {
      workflowId: DISPATCH_WORKFLOW_ID,
      taskQueue,
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
  } catch (error: unknown) {
    logger.warn({ error }, 'The dispatcher of events could not be started');
  }
}
