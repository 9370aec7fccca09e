/** The reconciler's activities on real services, and its schedule. */
import { Client, ScheduleAlreadyRunning, WorkflowNotFoundError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { Gauge, type Registry } from 'prom-client';
import { type AuditCalls, createJudge, type WorkflowState } from '../activities/audit/judge.ts';
import { providerLedger } from '../activities/audit/provider-ledger.ts';
import { createRepair } from '../activities/audit/repair.ts';
import { orderIdOf, orderWorkflowId } from '../contracts/ids.ts';
import { ORDER_WORKFLOW_TYPE } from '../contracts/order.ts';
import {
  RECONCILE_SCHEDULE_ID,
  RECONCILE_WORKFLOW_TYPE,
  type ReconcileActivities,
  type ReconcileInput,
  type RuleFinding,
} from '../contracts/reconcile.ts';
import { startOrderOptions } from '../contracts/start-order.ts';
import { BACKGROUND_TASK_QUEUE } from '../contracts/task-queues.ts';
import type { Logger } from '../platform/telemetry/logs.ts';
import { type BrokenStatus, workflowEnd } from '../platform/temporal/workflow-end.ts';
import type { WorkerConfig } from './config.ts';
import type { connectToServices } from './services.ts';

const EVERY = '5 minutes';
// Longer than an order that waits for nobody is at work, and than any two clocks of one platform differ.
const QUIET_MS = 120_000;
// Milliseconds to read one order.
const READ_LIMIT_MS = 3_000;

// Workflows per page of visibility.
const PAGE_SIZE = 1_000;

const BROKEN_IN_QUERIES = {
  TERMINATED: 'Terminated',
  FAILED: 'Failed',
  TIMED_OUT: 'TimedOut',
  CANCELLED: 'Canceled',
} as const satisfies Readonly<Record<BrokenStatus, string>>;

type Services = ReturnType<typeof connectToServices>;
type Audited = { readonly calls: { readonly audit: AuditCalls['audits'][string] } };

export function createReconcileActivities(deps: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly services: Services;
  /** Every service whose own rules are evaluated, by its name in the verdict. */
  readonly audited: Readonly<Record<string, Audited>>;
  readonly config: Pick<WorkerConfig, 'PROVIDER_URL' | 'SAGA_STEP_LIMIT_MS' | 'RETURN_WINDOW_MS'>;
  readonly registry: Registry;
  /** Of the workflows that a repair starts. */
  readonly ordersTaskQueue?: string;
}): ReconcileActivities {
  const { connection, namespace, services, config, ordersTaskQueue } = deps;
  const { products, orders, payments } = services.clients;
  const client = new Client({ connection, namespace });
  const { judge } = createJudge({
    calls: {
      products: products.calls,
      orders: orders.calls,
      payments: payments.calls,
      audits: Object.fromEntries(Object.entries(deps.audited).map(([name, { calls }]) => [name, calls.audit])),
    },
    providerLedger: () => providerLedger(config.PROVIDER_URL),
    workflowOf: (orderId) => workflowState(client, orderId),
    brokenOrders: () => brokenOrders(client),
    returnWindowMs: config.RETURN_WINDOW_MS,
  });
  const { repair } = createRepair({
    undos: services.activities,
    workflowOf: (orderId) => workflowState(client, orderId),
    async startWorkflow(orderId) {
      const { order } = await orders.calls.getOrder({ orderId, userId: '' }, { deadlineMs: READ_LIMIT_MS });
      if (!order) throw new Error('An order that was audited is gone');
      const { userId, paymentMethod } = order;
      const lines = order.lines.map(({ productId, quantity }) => ({ productId, quantity }));
      const limits = { stepLimitMs: config.SAGA_STEP_LIMIT_MS, returnWindowMs: config.RETURN_WINDOW_MS };
      const submittedAt = order.createdAt?.toISOString() ?? '';
      const input = { orderId, userId, lines, paymentMethod, submittedAt, ...limits };
      await client.workflow.start(ORDER_WORKFLOW_TYPE, startOrderOptions(input, ordersTaskQueue));
    },
  });
  const drift = new Gauge({
    name: 'reconciler_drift',
    help: 'Things that a rule found wrong in the newest round; 0 everywhere when all books agree.',
    labelNames: ['rule'],
    registers: [deps.registry],
  });
  return {
    async judge(input) {
      const verdict = await judge(input);
      show(drift, verdict.findings);
      return verdict;
    },
    repair,
  };
}

function show(drift: Gauge<'rule'>, findings: readonly RuleFinding[]): void {
  for (const { rule, violations } of findings) drift.set({ rule }, violations);
}

async function brokenOrders(client: Client): Promise<ReadonlySet<string>> {
  const states = Object.values(BROKEN_IN_QUERIES)
    .map((name) => `'${name}'`)
    .join();
  const query = `WorkflowType = '${ORDER_WORKFLOW_TYPE}' AND ExecutionStatus IN (${states})`;
  const ids = new Set<string>();
  for await (const { workflowId } of client.workflow.list({ query, pageSize: PAGE_SIZE })) {
    const orderId = orderIdOf(workflowId);
    if (orderId !== undefined) ids.add(orderId);
  }
  return ids;
}

async function workflowState(client: Client, orderId: string): Promise<WorkflowState> {
  try {
    return workflowEnd(await client.workflow.getHandle(orderWorkflowId(orderId)).describe()) ?? 'running';
  } catch (error: unknown) {
    if (error instanceof WorkflowNotFoundError) return 'absent';
    throw error;
  }
}

/** Makes sure that the schedule exists; however many workers start, it runs once. One that an operator has changed stays so. */
export async function scheduleReconciler(connection: NativeConnection, namespace: string, logger: Logger): Promise<void> {
  const args: [ReconcileInput] = [{ quietMs: QUIET_MS, repair: true }];
  try {
    await new Client({ connection, namespace }).schedule.create({
      scheduleId: RECONCILE_SCHEDULE_ID,
      spec: { intervals: [{ every: EVERY }] },
      policies: { overlap: 'SKIP', catchupWindow: EVERY },
      action: {
        type: 'startWorkflow',
        workflowType: RECONCILE_WORKFLOW_TYPE,
        workflowId: RECONCILE_WORKFLOW_TYPE,
        taskQueue: BACKGROUND_TASK_QUEUE,
        args,
      },
    });
  } catch (error: unknown) {
    if (error instanceof ScheduleAlreadyRunning) return;
    logger.warn({ error }, 'The reconciler could not be scheduled');
  }
}
