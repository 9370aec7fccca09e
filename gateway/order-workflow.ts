/** The order workflow as the gateway uses it: start it, wait for its outcome, ask how it goes. */
import {
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { OrderActivities } from '../contracts/activities.ts';
import { ORDERS_TASK_QUEUE, orderWorkflowId } from '../contracts/ids.ts';
import {
  ORDER_WORKFLOW_TYPE,
  type OrderInput,
  type OrderOutcome,
  type OrderStatusView,
  OUTCOME_UPDATE_ID,
  orderStatusAttribute,
  outcomeUpdate,
  type SagaStep,
  statusQuery,
} from '../contracts/order.ts';
import { isReason, type Reason } from '../contracts/reasons.ts';
import type { Logger } from '../platform/logging/logger.ts';
import { unavailable } from './problem.ts';
import type { Temporal } from './temporal.ts';

// While an order is waited for, the server is asked this often whether it is still there, and has this long to answer. Together
// with the submission they keep an answer for a dead server under two seconds.
const PING_INTERVAL_MS = 500;
const PING_LIMIT_MS = 700;
// Milliseconds for a call that the server answers by itself: describe, start, a stored outcome.
const SERVER_CALL_LIMIT_MS = 1_000;
// Milliseconds for a query, which a worker answers; the route has three seconds in all.
const QUERY_LIMIT_MS = 2_000;

/** `ended` with the outcome; `running`; `closed`: it ended without telling, so the order's record is asked. */
export type Waited =
  | { readonly state: 'ended'; readonly outcome: OrderOutcome }
  | { readonly state: 'running' }
  | { readonly state: 'closed' };

/** A step that has failed and will be tried again. */
export type Retrying = {
  readonly step: SagaStep;
  readonly attempt: number;
  readonly nextAttemptAt: Date | null;
  readonly lastError: Reason;
};

export type OrderWorkflows = ReturnType<typeof createOrderWorkflows>;

export function createOrderWorkflows(options: {
  readonly temporal: Temporal;
  readonly logger: Logger;
  readonly taskQueue?: string;
  /** Aborted when the gateway stops: who waits is answered that the order goes on. */
  readonly stopping: AbortSignal;
}) {
  const { temporal, logger, stopping } = options;
  const { client, connection } = temporal;

  function startOptions(input: OrderInput) {
    return {
      workflowId: orderWorkflowId(input.orderId),
      taskQueue: options.taskQueue ?? ORDERS_TASK_QUEUE,
      args: [input] as [OrderInput],
      workflowIdConflictPolicy: 'USE_EXISTING' as const,
      workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
      typedSearchAttributes: [{ key: orderStatusAttribute, value: 'SUBMITTED' }],
      staticSummary: `Order ${input.orderId}`,
    };
  }

  /** Starts the workflow unless it exists, without waiting for anything that it does. */
  async function start(input: OrderInput): Promise<Waited> {
    try {
      await within(SERVER_CALL_LIMIT_MS, () => client.workflow.start(ORDER_WORKFLOW_TYPE, startOptions(input)));
      return { state: 'running' };
    } catch (error: unknown) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return { state: 'closed' };
      throw gone(error);
    }
  }

  /** After a wait without an answer: whether the workflow is there. If the start was lost, it is made up for. */
  async function findOut(input: OrderInput): Promise<Waited> {
    try {
      const { status } = await within(SERVER_CALL_LIMIT_MS, () =>
        client.workflow.getHandle(orderWorkflowId(input.orderId)).describe(),
      );
      return { state: status.name === 'RUNNING' ? 'running' : 'closed' };
    } catch (error: unknown) {
      if (error instanceof WorkflowNotFoundError) return start(input);
      throw gone(error);
    }
  }

  /** Starts the workflow unless it exists and waits for its outcome. Throws 503 when the server is not there. */
  async function awaitOutcome(input: OrderInput, waitMs: number): Promise<Waited> {
    if (waitMs === 0 || stopping.aborted) return start(input);
    const watch = watchServer(temporal, stopping);
    const startWorkflowOperation = new WithStartWorkflowOperation(ORDER_WORKFLOW_TYPE, startOptions(input));
    try {
      const outcome = await connection.withAbortSignal(watch.signal, () =>
        within(waitMs, () =>
          client.workflow.executeUpdateWithStart(outcomeUpdate, { updateId: OUTCOME_UPDATE_ID, startWorkflowOperation }),
        ),
      );
      return { state: 'ended', outcome };
    } catch (error: unknown) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return { state: 'closed' };
      // The workflow ended, as by an operator, before it could answer.
      if (error instanceof WorkflowUpdateFailedError) return { state: 'closed' };
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError && !watch.serverGone()) return findOut(input);
      throw gone(error);
    } finally {
      watch.stop();
    }
  }

  /** The outcome that an ended workflow remembers; undefined when it is forgotten or cannot be had now. */
  async function storedOutcome(orderId: string): Promise<OrderOutcome | undefined> {
    try {
      return await within(SERVER_CALL_LIMIT_MS, () =>
        client.workflow.getHandle(orderWorkflowId(orderId)).getUpdateHandle<OrderOutcome>(OUTCOME_UPDATE_ID).result(),
      );
    } catch (error: unknown) {
      logger.debug({ error }, 'No stored outcome');
      return undefined;
    }
  }

  /** How the saga goes and what it retries; undefined for what nobody can tell now. */
  async function progress(orderId: string) {
    const handle = client.workflow.getHandle(orderWorkflowId(orderId));
    const [view, description] = await Promise.allSettled([
      within(QUERY_LIMIT_MS, () => handle.query(statusQuery)),
      within(SERVER_CALL_LIMIT_MS, () => handle.describe()),
    ]);
    return {
      view: view.status === 'fulfilled' ? (view.value satisfies OrderStatusView) : undefined,
      retrying: description.status === 'fulfilled' ? retryingOf(description.value.raw.pendingActivities ?? []) : undefined,
    };
  }

  function within<T>(limitMs: number, call: () => Promise<T>): Promise<T> {
    return connection.withDeadline(Date.now() + limitMs, call);
  }

  /** Any refusal of the server is the platform's fault, never the customer's: the order waits until it is mended. */
  function gone(error: unknown): unknown {
    if (!isServerFault(error)) return error;
    logger.warn({ error }, 'Temporal did not take an order');
    return unavailable(error);
  }

  return { awaitOutcome, storedOutcome, progress };
}

/** Ends a wait when the server does not answer pings any more, or when the gateway stops. */
function watchServer(temporal: Temporal, stopping: AbortSignal) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  let gone = false;
  const timer = setInterval(() => {
    temporal.ping(PING_LIMIT_MS).catch(() => {
      gone = true;
      abort();
    });
  }, PING_INTERVAL_MS);
  stopping.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    serverGone: () => gone,
    stop() {
      clearInterval(timer);
      stopping.removeEventListener('abort', abort);
    },
  };
}

function isServerFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return isGrpcServiceError(error) || isServerFault(error.cause);
}

type PendingActivity = {
  readonly activityType?: { readonly name?: string | null } | null;
  readonly attempt?: number | null;
  readonly nextAttemptScheduleTime?: Timestamp | null;
  readonly lastFailure?: Failure | null;
};
type Timestamp = { readonly seconds?: unknown; readonly nanos?: number | null };
type Failure = {
  readonly applicationFailureInfo?: { readonly type?: string | null } | null;
  readonly timeoutFailureInfo?: object | null;
};

function retryingOf(pending: readonly PendingActivity[]): Retrying | undefined {
  for (const { activityType, attempt, nextAttemptScheduleTime, lastFailure } of pending) {
    const name = activityType?.name ?? '';
    const tries = attempt ?? 1;
    if (!isActivity(name) || (tries <= 1 && !lastFailure)) continue;
    return {
      step: STEP_OF[name],
      attempt: tries,
      nextAttemptAt: nextAttemptScheduleTime ? dateOf(nextAttemptScheduleTime) : null,
      lastError: reasonOf(lastFailure),
    };
  }
  return undefined;
}

/** The step that an activity does or undoes. */
const STEP_OF: Readonly<Record<keyof OrderActivities, SagaStep>> = {
  validateUser: 'ValidateUser',
  reserveInventory: 'ReserveInventory',
  createOrder: 'CreateOrder',
  processPayment: 'ProcessPayment',
  confirmReservation: 'ConfirmOrder',
  confirmOrder: 'ConfirmOrder',
  releaseInventory: 'ReserveInventory',
  refundPayment: 'ProcessPayment',
  cancelOrder: 'CreateOrder',
};

function isActivity(name: string): name is keyof OrderActivities {
  return Object.hasOwn(STEP_OF, name);
}

/** A word of the closed set: a failure's own message may name addresses. */
function reasonOf(failure: Failure | null | undefined): Reason {
  if (failure?.timeoutFailureInfo) return 'deadline_exceeded';
  const type = failure?.applicationFailureInfo?.type ?? '';
  return isReason(type) ? type : 'unavailable';
}

function dateOf({ seconds, nanos }: Timestamp): Date {
  // A 64-bit integer arrives as a number or as a Long, whose text is its digits.
  return new Date(Number(String(seconds ?? 0)) * 1000 + Math.floor((nanos ?? 0) / 1_000_000));
}
