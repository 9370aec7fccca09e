/** What the same key is answered when its order was PAID in the record and is CANCELLED: as it was confirmed only if it was. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { orderWorkflowId } from '../../contracts/ids.ts';
import { OUTCOME_UPDATE_ID } from '../../contracts/order.ts';
import { startGateway } from '../../gateway/server.ts';
import { eventually } from '../../testkit/eventually.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { type Answer, textOf } from './support/shop.ts';

// Milliseconds. Long enough for every other step of the saga on a busy machine.
const STEP_LIMIT_MS = 3_000;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ SAGA_STEP_LIMIT_MS: String(STEP_LIMIT_MS) });
});

afterAll(async () => {
  await platform.stop();
});

/** Each problem has the trace of its own request. */
const lasting = ({ status, body }: Answer) => ({ status, body: { ...body, trace_id: '' } });
const recorded = async (id: string) => (await platform.recordOf(id)).statuses;
const cancel = async (id: string) =>
  platform.call('POST', `/v1/orders/${id}/cancel`, { body: { reason: 'Not mine' }, headers: await platform.as('customer') });

/** The same through a gateway that finds no workflow: its namespace is one in which the order's never was. */
async function askForgetful(given: { key: string; body: { payment_method: string } }): Promise<Answer> {
  const forgetful = await startGateway({ ...platform.config, TEMPORAL_NAMESPACE: 'temporal-system' });
  try {
    return await platform.order({ ...given, base: `http://127.0.0.1:${forgetful.listening.http}` });
  } finally {
    await forgetful.stop();
  }
}

/** An order whose record says PAID while its saga has not heard of it. */
async function unheard(method: string) {
  platform.worker.down.add(`answer to the confirmation of ${method}`);
  const given = { key: randomUUID(), body: { payment_method: method } };
  const answer = platform.order({ ...given, headers: { Prefer: 'wait=25' } });
  const id = await platform.submitted(method);
  await eventually(
    async () => (await recorded(id)).at(-1),
    (status) => status === 'PAID',
  );
  return { given, answer, id };
}

test('an order whose confirmation was lost until it was given up is refused again, whether its workflow is known or not', async () => {
  const { given, answer, id } = await unheard('tok_test_given_up');
  const first = await answer;
  expect(first).toMatchObject({ status: 503, body: { reason: 'unavailable', step: 'ConfirmOrder', order_id: id } });
  expect(await recorded(id)).toEqual(['SUBMITTED', 'CREATED', 'RESERVED', 'PAID', 'CANCELLED']);
  expect(lasting(await platform.order(given))).toEqual(lasting(first));
  expect(lasting(await askForgetful(given))).toEqual(lasting(first));
});

test('an order that was cancelled by request within its saga, when it was PAID already, is refused again', async () => {
  const { given, answer, id } = await unheard('tok_test_cancelled_in_saga');
  expect((await cancel(id)).status).toBe(200);
  const first = await answer;
  expect(first).toMatchObject({ status: 409, body: { reason: 'order_cancelled', step: null, order_id: id } });
  expect((await recorded(id)).slice(-2)).toEqual(['PAID', 'CANCELLED']);
  expect(lasting(await platform.order(given))).toEqual(lasting(first));
});

test('I11 an order that was confirmed and then cancelled is answered as it was confirmed, whether its workflow is known or not', async () => {
  const given = { key: randomUUID(), body: { payment_method: 'tok_test_cancelled_later' } };
  const first = await platform.order(given);
  const id = textOf(first.body, 'id');
  expect((await cancel(id)).status).toBe(200);
  expect((await recorded(id)).slice(-2)).toEqual(['PAID', 'CANCELLED']);
  const handle = platform.temporal.client.workflow.getHandle(orderWorkflowId(id));
  expect(await handle.getUpdateHandle(OUTCOME_UPDATE_ID).result()).toMatchObject({ status: 'confirmed' });
  for (const again of [await platform.order(given), await askForgetful(given)]) {
    expect([again.status, again.text]).toEqual([201, first.text]);
  }
});
