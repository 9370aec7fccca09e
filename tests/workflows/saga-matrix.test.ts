/**
 * The saga's failures as a matrix: every activity × every way to fail × {a worker that remembers its workflows, a worker that
 * replays each task from the start of the history}. What each row must undo is written out, newest first.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { SagaStep } from '../../contracts/order.ts';
import type { Reason } from '../../contracts/reasons.ts';
import { WORKFLOWS_PATH } from '../../workers/bundle.ts';
import { eventually } from '../support/eventually.ts';
import { type ActivityName, refuse, undosOf } from './support/fake-activities.ts';
import { eventsOf } from './support/history.ts';
import { createOrderLab, type OrderLab, quietRuntime } from './support/order-lab.ts';

const ALL: ActivityName[] = ['refundPayment', 'releaseInventory', 'cancelOrder'];
const STOCK_AND_ORDER: ActivityName[] = ['releaseInventory', 'cancelOrder'];
const ORDER: ActivityName[] = ['cancelOrder'];

type Row = {
  readonly step: SagaStep;
  readonly activity: ActivityName;
  readonly reason: Reason;
  /** The step did not happen. */
  readonly afterRefusal: ActivityName[];
  /** The step may have happened. */
  readonly afterFault: ActivityName[];
};

const ROWS: Row[] = [
  { step: 'ValidateUser', activity: 'validateUser', reason: 'user_unknown', afterRefusal: ORDER, afterFault: ORDER },
  {
    step: 'ReserveInventory',
    activity: 'reserveInventory',
    reason: 'insufficient_stock',
    afterRefusal: ORDER,
    afterFault: STOCK_AND_ORDER,
  },
  {
    step: 'CreateOrder',
    activity: 'createOrder',
    reason: 'validation_failed',
    afterRefusal: STOCK_AND_ORDER,
    afterFault: STOCK_AND_ORDER,
  },
  {
    step: 'ProcessPayment',
    activity: 'processPayment',
    reason: 'payment_declined',
    afterRefusal: STOCK_AND_ORDER,
    afterFault: ALL,
  },
  { step: 'ConfirmOrder', activity: 'confirmReservation', reason: 'hold_expired', afterRefusal: ALL, afterFault: ALL },
  { step: 'ConfirmOrder', activity: 'confirmOrder', reason: 'illegal_transition', afterRefusal: ALL, afterFault: ALL },
];

const MODES = [
  { mode: 'remembered', settings: {} },
  // One task at a time: without a cache the SDK drops a workflow task whose local activities run beside another one's.
  {
    mode: 'replayed',
    settings: { maxCachedWorkflows: 0, maxConcurrentWorkflowTaskExecutions: 1, maxConcurrentWorkflowTaskPolls: 1 },
  },
];

describe.each(MODES)('$mode', ({ settings }) => {
  let lab: OrderLab;
  beforeAll(async () => {
    quietRuntime();
    const workflowBundle = await bundleWorkflowCode({
      workflowsPath: WORKFLOWS_PATH,
      workflowInterceptorModules: [fileURLToPath(new URL('./support/bug.ts', import.meta.url))],
      logger: new DefaultLogger('WARN'),
    });
    lab = await createOrderLab({ workflowBundle, settings });
  });
  afterAll(() => lab.close());

  test.each(ROWS)('a refusal of $activity undoes what came before it, not itself', async ({ step, activity, ...row }) => {
    const facts = { product_id: 'a product' };
    const order = lab.place({ [activity]: () => refuse(row.reason, facts) });

    expect(await order.outcome).toEqual({ status: 'cancelled', failure: { step, reason: row.reason, facts } });
    expect(order.calls.filter((call) => call.activity === activity)).toHaveLength(1);
    expect(undosOf(order.calls)).toEqual(row.afterRefusal);
  });

  test.each(ROWS)('a fault of $activity that cannot be mended undoes it too', async ({ step, activity, afterFault }) => {
    const order = lab.place({
      [activity]: () => {
        throw ApplicationFailure.nonRetryable('answered INVALID_ARGUMENT', 'validation_failed');
      },
    });

    expect(await order.outcome).toEqual({ status: 'cancelled', failure: { step, reason: 'internal', facts: {} } });
    expect(undosOf(order.calls)).toEqual(afterFault);
  });

  test('a step that outlasts its limit is undone as one that may have happened', async () => {
    const orders = ROWS.map((row) => {
      const scripts = {
        [row.activity]: () => {
          throw new Error('the service is down');
        },
      };
      return { row, order: lab.place(scripts, { stepLimitMs: 1_500 }) };
    });
    for (const { row, order } of orders) {
      const failure = { step: row.step, reason: 'unavailable', facts: {} };
      expect({ of: row.activity, ...(await order.outcome) }).toEqual({ of: row.activity, status: 'cancelled', failure });
      expect(undosOf(order.calls)).toEqual(row.afterFault);
    }
  });

  test('a cancel request during a step undoes it and everything before it', async () => {
    const gate = lab.gate();
    const orders = ROWS.map((row) => {
      // The local attempt fails, so that the order waits in a regular one, where a cancel request finds it.
      const hang = (nth: number) => {
        if (nth === 1 && row.activity !== 'processPayment') throw new Error('the service is down');
        return gate.passed;
      };
      return { row, order: lab.place({ [row.activity]: hang }) };
    });
    for (const { row, order } of orders) {
      const expectedCalls = row.activity === 'processPayment' ? 1 : 2;
      await eventually(
        async () => order.calls.filter((call) => call.activity === row.activity).length,
        (made) => made === expectedCalls,
      );
      await order.handle.cancel();
      const failure = { step: null, reason: 'order_cancelled', facts: {} };
      expect({ of: row.activity, ...(await order.outcome) }).toEqual({ of: row.activity, status: 'cancelled', failure });
      expect((await order.handle.describe()).status.name).toBe('COMPLETED');
      expect(undosOf(order.calls)).toEqual(row.afterFault);
    }
    gate.open();
  });

  test.each(['before', 'after'])('a bug in workflow code %s any call ends the order, undone', async (when) => {
    const orders = ROWS.map((row) => ({ row, order: lab.place({}, { paymentMethod: `bug:${when}:${row.activity}` }) }));
    for (const { row, order } of orders) {
      const failure = { step: row.step, reason: 'internal', facts: {} };
      expect({ of: row.activity, ...(await order.outcome) }).toEqual({ of: row.activity, status: 'cancelled', failure });
      expect(undosOf(order.calls)).toEqual(row.afterFault);
    }
  });

  test('code that is not deterministic fails its task and undoes nothing: mended code goes on from there', async () => {
    const order = lab.place({}, { paymentMethod: 'violation:before:confirmOrder' });

    await eventually(
      () => eventsOf(order.handle).catch(() => []),
      (events) => events.some(({ type }) => type === 'WORKFLOW_TASK_FAILED'),
    );
    expect(undosOf(order.calls)).toEqual([]);
    expect((await order.handle.describe()).status.name).toBe('RUNNING');
    await order.handle.terminate('the test has seen it');
  });
});
