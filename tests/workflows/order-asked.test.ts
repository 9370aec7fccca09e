/** What can be asked of an order from outside: its outcome, its status, its search attributes. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { OUTCOME_UPDATE_ID, outcomeUpdate, statusQuery } from '../../contracts/order.ts';
import { SAGA_STATES, STEP_NAMES } from '../../contracts/saga-steps.ts';
import { FORWARD_CALLS, stepOfCall } from '../../testkit/saga-activities.ts';
import { refuse } from './support/fake-activities.ts';
import { attributesOf, calledOnce, down } from './support/looks.ts';
import { createOrderLab, type OrderLab } from './support/order-lab.ts';

let lab: OrderLab;

beforeAll(async () => {
  lab = await createOrderLab();
});

afterAll(() => lab.close());

test('everyone who asks for the outcome gets the same one, at the same time and after the end', async () => {
  const order = lab.place({ processPayment: (nth) => (nth === 1 ? down() : refuse('payment_declined')) });
  const asked = await Promise.all([order.outcome, lab.ask(order.input), lab.ask(order.input)]);
  await order.handle.result();

  expect(new Set(asked.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
  expect(await lab.ask(order.input)).toEqual(asked[0]);
  expect(await order.handle.getUpdateHandle<unknown>(OUTCOME_UPDATE_ID).result()).toEqual(asked[0]);
  expect(order.calls.filter((call) => call.activity === 'cancelOrder')).toHaveLength(1);
});

test('another update id for a running order joins it', async () => {
  const gate = lab.gate();
  const order = lab.place({ processPayment: () => gate.passed });
  await calledOnce(order, 'processPayment');

  const joined = await order.handle.startUpdate(outcomeUpdate, { updateId: 'another caller', waitForStage: 'ACCEPTED' });
  gate.open();

  expect(await joined.result()).toEqual(await order.outcome);
});

test('the status can be asked at every state', async () => {
  for (const [nth, step] of STEP_NAMES.entries()) {
    const activity = FORWARD_CALLS.find((call) => stepOfCall(call) === step) ?? 'validateUser';
    const sagaState = SAGA_STATES[nth];
    const gate = lab.gate();
    const isPayment = activity === 'processPayment';
    const order = lab.place({ [activity]: (nth: number) => (nth === 1 && !isPayment ? down() : gate.passed) });
    await calledOnce(order, activity);
    expect(await order.handle.query(statusQuery)).toEqual({ sagaState, step, failure: null, needsAttention: false });
    gate.open();
    await order.outcome;
    expect(await order.handle.query(statusQuery)).toMatchObject({ sagaState: 'SagaCompleted', step: null });
  }
});

test('while undoing, the order shows the failed step to whoever asks or searches', async () => {
  const gate = lab.gate();
  const order = lab.place({ confirmOrder: () => refuse('illegal_transition'), refundPayment: () => gate.passed });
  await calledOnce(order, 'refundPayment');

  const failure = { step: 'ConfirmOrder', reason: 'illegal_transition', facts: {} };
  expect(await order.handle.query(statusQuery)).toEqual({
    sagaState: 'Compensating',
    step: null,
    failure,
    needsAttention: false,
  });
  expect(await attributesOf(order)).toEqual({ OrderStatus: 'COMPENSATING', FailedStep: 'ConfirmOrder' });
  gate.open();
  await order.handle.result();
  expect(await order.handle.query(statusQuery)).toEqual({ sagaState: 'SagaFailed', step: null, failure, needsAttention: false });
});
