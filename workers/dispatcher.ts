/** The dispatcher's hands: whom it asks and by which ways it tells, and the workflow that keeps it going. */
import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { Counter, type Registry } from 'prom-client';
import { createDispatch } from '../activities/events/dispatch.ts';
import { createNotificationSender } from '../activities/events/notification.ts';
import { createWebhookSender } from '../activities/events/webhook.ts';
import { DISPATCH_WORKFLOW_ID, DISPATCH_WORKFLOW_TYPE, type DispatchActivities } from '../contracts/dispatch.ts';
import { ORDERS_TASK_QUEUE } from '../contracts/task-queues.ts';
import type { SendMail } from '../platform/mail/mail.ts';
import { createSmtp } from '../platform/mail/smtp.ts';
import { createSpool } from '../platform/mail/spool.ts';
import { createClient } from '../platform/rpc/client.ts';
import type { Logger } from '../platform/telemetry/logs.ts';
import { createPost } from '../platform/webhooks/post.ts';
import { EventsServiceService, OutboxServiceService } from '../proto/gen/shopfast/events/v1/events.ts';
import { UsersServiceService } from '../proto/gen/shopfast/users/v1/users.ts';
import type { WorkerConfig } from './config.ts';

export type DispatcherConfig = Pick<
  WorkerConfig,
  | 'USERS_ADDRESS'
  | 'ORDERS_ADDRESS'
  | 'PAYMENTS_ADDRESS'
  | 'WEBHOOK_PRIVATE_ADDRESSES'
  | 'SMTP_URL'
  | 'MAIL_FROM'
  | 'MAIL_SPOOL_DIR'
>;

export type Dispatcher = {
  readonly activities: DispatchActivities;
  /** Takes on nothing more. Before the worker stops, or that would wait until it gives up on its activities. */
  stop(): void;
  /** When nothing is sent any more. */
  close(): void;
};

export function createDispatcher(deps: {
  readonly config: DispatcherConfig;
  readonly registry: Registry;
  readonly runMs?: number;
}): Dispatcher {
  const { config, registry, runMs } = deps;
  const clients = {
    events: createClient(EventsServiceService, { target: config.ORDERS_ADDRESS }),
    outbox: createClient(OutboxServiceService, { target: config.PAYMENTS_ADDRESS }),
    users: createClient(UsersServiceService, { target: config.USERS_ADDRESS }),
  };
  const stopping = new AbortController();
  const attempts = new Counter({
    name: 'event_deliveries_total',
    help: 'Attempts to tell a receiver of an event, by channel and result.',
    labelNames: ['channel', 'result'],
    registers: [registry],
  });
  return {
    activities: createDispatch({
      calls: { events: clients.events.calls, outbox: clients.outbox.calls },
      senders: {
        webhook: createWebhookSender(createPost({ privateAddresses: config.WEBHOOK_PRIVATE_ADDRESSES === 'allow' })),
        mail: createNotificationSender({ users: clients.users.calls, sendMail: mailWay(config) }),
      },
      stopping: stopping.signal,
      onSettled: (channel, result) => attempts.inc({ channel, result }),
      ...(runMs === undefined ? {} : { runMs }),
    }),
    stop: () => stopping.abort(),
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}

function mailWay({ SMTP_URL: url, MAIL_FROM: from, MAIL_SPOOL_DIR: folder }: DispatcherConfig): SendMail {
  return url === undefined ? createSpool({ folder, from }) : createSmtp({ url, from });
}

/** Makes sure that the dispatcher runs; however many workers start, it runs once. */
export async function startDispatching(
  connection: NativeConnection,
  namespace: string,
  logger: Logger,
  taskQueue: string = ORDERS_TASK_QUEUE,
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
