/** Code that is not deterministic questions itself, not the order. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { eventually } from '../../testkit/eventually.ts';
import { WORKFLOWS_PATH } from '../../workers/bundle.ts';
import { undosOf } from './support/fake-activities.ts';
import { eventsOf } from './support/history.ts';
import { createOrderLab, type OrderLab } from './support/order-lab.ts';

let lab: OrderLab;
beforeAll(async () => {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS_PATH,
    workflowInterceptorModules: [fileURLToPath(new URL('./support/bug.ts', import.meta.url))],
    logger: new DefaultLogger('WARN'),
  });
  lab = await createOrderLab({ workflowBundle });
});
afterAll(() => lab.close());

test('code that is not deterministic fails its task and undoes nothing: mended code goes on from there', async () => {
  const order = lab.place({}, {}, { memo: { bug: 'violation:confirmOrder' } });

  await eventually(
    () => eventsOf(order.handle).catch(() => []),
    (events) => events.some(({ type }) => type === 'WORKFLOW_TASK_FAILED'),
  );
  expect(undosOf(order.calls)).toEqual([]);
  expect((await order.handle.describe()).status.name).toBe('RUNNING');
  await order.handle.terminate('the test has seen it');
});
