/** The order workflow as the gateway uses it: start it, wait for its outcome, ask how it goes. */
import {
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { orderWorkflowId } from '../contracts/ids.ts';
import {
  ORDER_WORKFLOW_TYPE,
  type OrderInput,
  type OrderOutcome,
  type OrderStatusAttribute,
  type OrderStatusView,
  OUTCOME_UPDATE_ID,
  orderStatusAttribute,
  outcomeUpdate,
  statusQuery,
} from '../contracts/order.ts';
import { startOrderOptions } from '../contracts/start-order.ts';
import type { Logger } from '../platform/telemetry/logs.ts';
import { workflowEnd } from '../platform/temporal/workflow-end.ts';
import { type Retrying, retryingOf } from './order-retrying.ts';
import { unavailable } from './problem.ts';
import { createServerWatch } from './server-watch.ts';
import type { Temporal } from './temporal.ts';

// Milliseconds for a call that the server answers by itself: describe, start, a stored outcome.
const SERVER_CALL_LIMIT_MS = 1_000;
// Milliseconds for all that is asked of how an order goes: a description, and a query, which a worker answers. With the order's
// record before it and once more after it (DEADLINES_MS) the status stays within three seconds.
const PROGRESS_LIMIT_MS = 1_200;
// Of gRPC's status codes.
const NOT_FOUND = 5;

/** `ended` with the outcome; `running`; `closed`: it ended without telling, so the order's record is asked. */
export type Waited =
  | { readonly state: 'ended'; readonly outcome: OrderOutcome }
  | { readonly state: 'running' }
  | { readonly state: 'closed' };

/**
 * `over`: nothing more comes of it, and the order's record tells how it ended; of a workflow that was terminated in its saga the
 * record is open until it is settled. `unknown`: nobody can tell now.
 */
export type Progress = { readonly retrying: Retrying | undefined } & (
  | { readonly saga: 'at work'; readonly view: OrderStatusView }
  | { readonly saga: 'over' | 'unknown'; readonly view: undefined }
);

const AT_WORK: ReadonlySet<string> = new Set<OrderStatusAttribute>(['SUBMITTED', 'COMPENSATING']);

export type OrderWorkflows = ReturnType<typeof createOrderWorkflows>;

export function createOrderWorkflows(options: {
  readonly temporal: Temporal;
  readonly logger: Logger;
  readonly taskQueue?: string;
  /** Aborted when the gateway stops: who waits is answered that the order goes on. */
  readonly stopping: AbortSignal;
}) {
  const { temporal, logger, stopping } = options;
  const { client, connection, within } = temporal;
  const watch = createServerWatch({ ping: temporal.ping, stopping });

  const startOptions = (input: OrderInput) => startOrderOptions(input, options.taskQueue);

  /** Starts the workflow unless it exists, without waiting for anything that it does. */
  async function start(input: OrderInput): Promise<Waited> {
    try {
      await within(SERVER_CALL_LIMIT_MS, () => client.workflow.start(ORDER_WORKFLOW_TYPE, startOptions(input)));
      return { state: 'running' };
    } catch (error: unknown) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return { state: 'closed' };
      throw notTaken(error);
    }
  }

  /** After a wait without an answer: whether the workflow is there. If its start was lost, it is made up for. */
  async function findOut(input: OrderInput): Promise<Waited> {
    try {
      const handle = client.workflow.getHandle(orderWorkflowId(input.orderId));
      const description = await within(SERVER_CALL_LIMIT_MS, () => handle.describe());
      return { state: workflowEnd(description) ? 'closed' : 'running' };
    } catch (error: unknown) {
      if (error instanceof WorkflowNotFoundError) return start(input);
      throw notTaken(error);
    }
  }

  /** Any refusal of the server is the platform's fault, never the customer's: the order waits until it is mended. */
  function notTaken(error: unknown): unknown {
    if (!isServerFault(error)) return error;
    logger.warn({ error }, 'Temporal did not take an order');
    return unavailable(error);
  }

  return {
    /** Starts the workflow unless it exists and waits for its outcome. Throws 503 when the server is not there. */
    async awaitOutcome(input: OrderInput, waitMs: number): Promise<Waited> {
      if (waitMs === 0 || stopping.aborted) return start(input);
      const watched = watch.begin();
      const startWorkflowOperation = new WithStartWorkflowOperation(ORDER_WORKFLOW_TYPE, startOptions(input));
      const update = { updateId: OUTCOME_UPDATE_ID, startWorkflowOperation };
      try {
        const outcome = await connection.withAbortSignal(watched.signal, () =>
          within(waitMs, () => client.workflow.executeUpdateWithStart(outcomeUpdate, update)),
        );
        return { state: 'ended', outcome };
      } catch (error: unknown) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return { state: 'closed' };
        // The workflow ended, as by an operator, before it could answer.
        if (error instanceof WorkflowUpdateFailedError) return { state: 'closed' };
        if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError && !watched.serverGone()) return findOut(input);
        // It ended before its worker had even heard of the question.
        if (isServerFault(error, NOT_FOUND)) return findOut(input);
        throw notTaken(error);
      } finally {
        watched.end();
      }
    },

    /** The outcome that an ended workflow remembers; undefined when it is forgotten or cannot be had now. */
    async storedOutcome(orderId: string): Promise<OrderOutcome | undefined> {
      const update = client.workflow.getHandle(orderWorkflowId(orderId)).getUpdateHandle<OrderOutcome>(OUTCOME_UPDATE_ID);
      try {
        return await within(SERVER_CALL_LIMIT_MS, () => update.result());
      } catch (error: unknown) {
        logger.debug({ error }, 'No stored outcome');
        return undefined;
      }
    },

    /**
     * How the saga goes, and what is retried. Only a saga at work is asked itself: a worker that does not remember an order goes
     * through its whole history to answer, and SDK 1.24 can lose a place for workflow tasks when it is asked so with a full memory.
     */
    progress(orderId: string): Promise<Progress> {
      const handle = client.workflow.getHandle(orderWorkflowId(orderId));
      return within(PROGRESS_LIMIT_MS, async () => {
        const description = await handle.describe().catch(() => undefined);
        if (!description) return { saga: 'unknown', view: undefined, retrying: undefined };
        const retrying = retryingOf(description.raw.pendingActivities ?? []);
        if (isOver(description)) return { saga: 'over', view: undefined, retrying };
        const view = await handle.query(statusQuery).catch(() => undefined);
        return view ? { saga: 'at work', view, retrying } : { saga: 'unknown', view, retrying };
      });
    },
  };
}

/** Whether the saga has ended, as the server knows by itself: the workflow has, or what it shows comes after the saga. */
function isOver(description: WorkflowExecutionDescription): boolean {
  const shown = description.typedSearchAttributes.get(orderStatusAttribute);
  return workflowEnd(description) !== null || (shown !== undefined && !AT_WORK.has(shown));
}

/** Whether the server said so, with this code when one is given. */
function isServerFault(error: unknown, code?: number): boolean {
  if (isGrpcServiceError(error)) return code === undefined || error.code === code;
  return error instanceof Error && isServerFault(error.cause, code);
}
