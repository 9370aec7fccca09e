import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { orderWorkflowId } from '../../../contracts/ids.ts';
import {
  ORDER_WORKFLOW_TYPE,
  type OrderInput,
  type OrderOutcome,
  OUTCOME_UPDATE_ID,
  outcomeUpdate,
} from '../../../contracts/order.ts';
import { startOrderOptions } from '../../../contracts/start-order.ts';
import type { Logger } from '../../../platform/telemetry/logs.ts';
import { workflowEnd } from '../../../platform/temporal/workflow-end.ts';
import { createSlots } from '../../admission/slots.ts';
import { unavailable } from '../../http/problem.ts';
import { isServerFault, type Temporal } from './connection.ts';
import { createServerWatch } from './server-watch.ts';

// Milliseconds for a call that the server answers without a worker: describe, start, a stored outcome.
const SERVER_CALL_LIMIT_MS = 1_000;
// Requests that wait for an outcome, each with a call to Temporal that is open meanwhile. One more is answered without a wait.
const WAITS_MAX = 1_000;
// Of gRPC's status codes.
const NOT_FOUND = 5;

/** `ended` with the outcome; `running`; `closed`: it ended without an answer, so the order's record has to be read. */
export type Waited =
  | { readonly state: 'ended'; readonly outcome: OrderOutcome }
  | { readonly state: 'running' }
  | { readonly state: 'closed' };

type OutcomeOptions = {
  readonly temporal: Temporal;
  readonly logger: Logger;
  readonly taskQueue: string | undefined;
  /** Aborted when the gateway stops: waiting callers get the answer that the order goes on. */
  readonly stopping: AbortSignal;
};

/** Starts the workflow of an order, waits for its outcome, and reads the outcome that is stored. */
export function createOutcome(options: OutcomeOptions) {
  const { temporal, taskQueue, stopping } = options;
  const { client, connection, within } = temporal;
  const watch = createServerWatch({ ping: temporal.ping, stopping });
  const waits = createSlots(WAITS_MAX);
  const { start, findOut, toUnavailable } = createStarter(options);

  return {
    /** Starts the workflow unless it exists and waits for its outcome. Throws 503 when the server does not answer. */
    async awaitOutcome(input: OrderInput, waitMs: number): Promise<Waited> {
      const release = waitMs === 0 || stopping.aborted ? undefined : waits.take();
      if (!release) return start(input);
      const watched = watch.begin();
      const startWorkflowOperation = new WithStartWorkflowOperation(ORDER_WORKFLOW_TYPE, startOrderOptions(input, taskQueue));
      const update = { updateId: OUTCOME_UPDATE_ID, startWorkflowOperation };
      try {
        const outcome = await connection.withAbortSignal(watched.signal, () =>
          within(waitMs, () => client.workflow.executeUpdateWithStart(outcomeUpdate, update)),
        );
        return { state: 'ended', outcome };
      } catch (error: unknown) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return { state: 'closed' };
        // The workflow ended before it could answer, for example terminated by an operator.
        if (error instanceof WorkflowUpdateFailedError) return { state: 'closed' };
        if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError && !watched.serverGone()) return findOut(input);
        // The workflow ended before a worker saw the Update.
        if (isServerFault(error, NOT_FOUND)) return findOut(input);
        throw toUnavailable(error);
      } finally {
        watched.end();
        release();
      }
    },

    storedOutcome: createStoredOutcome(options),
  };
}

function createStarter({ temporal: { client, within }, logger, taskQueue }: OutcomeOptions) {
  /** Starts the workflow unless it exists, without waiting for a worker. */
  async function start(input: OrderInput): Promise<Waited> {
    try {
      const started = () => client.workflow.start(ORDER_WORKFLOW_TYPE, startOrderOptions(input, taskQueue));
      await within(SERVER_CALL_LIMIT_MS, started);
      return { state: 'running' };
    } catch (error: unknown) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return { state: 'closed' };
      throw toUnavailable(error);
    }
  }

  /** After a wait without an answer: finds out whether the workflow exists. Starts it again if its start was lost. */
  async function findOut(input: OrderInput): Promise<Waited> {
    try {
      const handle = client.workflow.getHandle(orderWorkflowId(input.orderId));
      const description = await within(SERVER_CALL_LIMIT_MS, () => handle.describe());
      return { state: workflowEnd(description) ? 'closed' : 'running' };
    } catch (error: unknown) {
      if (error instanceof WorkflowNotFoundError) return start(input);
      throw toUnavailable(error);
    }
  }

  /**
   * A 503 for every error of the server: it is the platform's fault, not the customer's. The same request succeeds after the
   * repair.
   */
  function toUnavailable(error: unknown): unknown {
    if (!isServerFault(error)) return error;
    logger.warn({ error }, 'Temporal did not take an order');
    return unavailable(error);
  }

  return { start, findOut, toUnavailable };
}

function createStoredOutcome({ temporal: { client, within }, logger }: OutcomeOptions) {
  /** The stored outcome of an ended workflow; undefined when its history is deleted or the server does not answer. */
  return async function storedOutcome(orderId: string): Promise<OrderOutcome | undefined> {
    const update = client.workflow.getHandle(orderWorkflowId(orderId)).getUpdateHandle<OrderOutcome>(OUTCOME_UPDATE_ID);
    try {
      return await within(SERVER_CALL_LIMIT_MS, () => update.result());
    } catch (error: unknown) {
      logger.debug({ error }, 'No stored outcome');
      return undefined;
    }
  };
}
