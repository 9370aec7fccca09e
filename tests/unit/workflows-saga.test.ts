import { expect, test } from '@jest/globals';
import type { OrderFailure } from '../../contracts/order.ts';
import { type CompensationStep, SAGA_STATES, SAGA_STEPS, STEP_NAMES, type StepName } from '../../contracts/saga-steps.ts';
import { Saga, type Step, StepRefused } from '../../workflows/order/saga.ts';
import { ORDER_STEPS } from '../../workflows/order/steps.ts';

const FAILURE: OrderFailure = { step: 'ProcessPayment', reason: 'payment_declined', facts: {} };
const REFUSED = { ok: false, reason: 'insufficient_stock', facts: {} } as const;
const NOT_FATAL = { isFatal: () => false, afterFailures: async () => {} };

/** A saga whose every step has an undo; `run` and `undo` replace what one of them does. */
function createRecorder(
  run: Partial<Record<StepName, Step<string>['run']>> = {},
  undo: Partial<Record<CompensationStep, (why: OrderFailure) => Promise<void>>> = {},
) {
  const done: string[] = [];
  const begun: StepName[] = [];
  const undoing = (of: CompensationStep) => async (_: string, why: OrderFailure) => {
    await undo[of]?.(why);
    done.push(`undo ${of}`);
  };
  const steps: Step<string>[] = STEP_NAMES.map((name) => ({
    name,
    run: run[name] ?? (async () => ({ ok: true })),
    undo: undoing(name),
  }));
  const saga = new Saga<string>({
    steps,
    undoSubmission: undoing('SubmitOrder'),
    forward(step) {
      begun.push(step);
      return 'the order';
    },
    backward: () => 'the order',
  });
  const take = (name: StepName) => {
    const step = steps.find((one) => one.name === name);
    return step ? saga.run(step, undefined) : Promise.reject(new Error(`No step ${name}`));
  };
  return { done, begun, saga, take };
}

test('an undo is registered before its step is attempted', async () => {
  const { saga, done, take } = createRecorder({
    async ProcessPayment() {
      throw new Error('timed out');
    },
  });

  await expect(take('ProcessPayment')).rejects.toThrow('timed out');
  await saga.compensate(FAILURE, NOT_FATAL);

  expect(done).toEqual(['undo ProcessPayment', 'undo SubmitOrder']);
});

test('the undos of consecutive local-first steps are registered before the first of them is attempted', async () => {
  const open: unknown[] = [];
  const { saga, take } = createRecorder({
    async ValidateUser() {
      open.push(saga.openUndos());
      return { ok: true };
    },
    async ConfirmOrder() {
      open.push(saga.openUndos());
      return { ok: true };
    },
  });
  for (const step of STEP_NAMES) await take(step);

  const run = ['CreateOrder', 'ReserveInventory', 'ValidateUser', 'SubmitOrder'];
  expect(open).toEqual([run, ['ConfirmOrder', 'ProcessPayment', ...run]]);
});

test('a regular step is in the history before it happens: only its own undo is registered with it', async () => {
  const { saga, take } = createRecorder();
  await take('ProcessPayment');
  expect(saga.openUndos()).toEqual(['ProcessPayment', 'SubmitOrder']);
});

test("a refusal drops its own step's undo and keeps those of earlier steps and of later steps of its run", async () => {
  const { saga, done, take } = createRecorder({ ReserveInventory: async () => REFUSED });
  await take('ValidateUser');
  const refused = take('ReserveInventory');
  await expect(refused).rejects.toBeInstanceOf(StepRefused);
  await expect(refused).rejects.toMatchObject({ failure: { step: 'ReserveInventory', reason: 'insufficient_stock' } });

  await saga.compensate(FAILURE, NOT_FATAL);

  expect(done).toEqual(['undo CreateOrder', 'undo ValidateUser', 'undo SubmitOrder']);
});

test('undos run newest first, each once, with the first failure', async () => {
  const seen: [string, OrderFailure][] = [];
  const keep = (of: CompensationStep) => async (why: OrderFailure) => void seen.push([of, why]);
  const undo = { SubmitOrder: keep('SubmitOrder'), ProcessPayment: keep('ProcessPayment'), ConfirmOrder: keep('ConfirmOrder') };
  const { saga, take } = createRecorder({}, undo);
  await take('ProcessPayment');
  await take('ConfirmOrder');

  await saga.compensate(FAILURE, NOT_FATAL);

  expect(seen).toEqual([
    ['ConfirmOrder', FAILURE],
    ['ProcessPayment', FAILURE],
    ['SubmitOrder', FAILURE],
  ]);
  expect(saga.view()).toEqual({ sagaState: 'SagaFailed', step: null, failure: FAILURE, needsAttention: false });
});

test('an undo that fails does not stop the others and is tried again, round after round, in sight', async () => {
  let failures = 2;
  const { saga, done, take } = createRecorder(
    {},
    {
      async ProcessPayment() {
        done.push('try ProcessPayment');
        if (failures-- > 0) throw new Error('bug');
      },
    },
  );
  await take('ProcessPayment');
  await take('ConfirmOrder');
  const rounds: unknown[] = [];

  await saga.compensate(FAILURE, {
    isFatal: () => false,
    async afterFailures(failed, round) {
      rounds.push({ round, failed: failed.map(({ of }) => of), view: saga.view() });
    },
  });

  expect(done).toEqual([
    'undo ConfirmOrder',
    'try ProcessPayment',
    'undo SubmitOrder',
    'try ProcessPayment',
    'try ProcessPayment',
    'undo ProcessPayment',
  ]);
  const view = { sagaState: 'Compensating', step: null, failure: FAILURE, needsAttention: true, openUndos: ['ProcessPayment'] };
  expect(rounds).toEqual([
    { round: 1, failed: ['ProcessPayment'], view },
    { round: 2, failed: ['ProcessPayment'], view },
  ]);
  expect(saga.view().needsAttention).toBe(false);
});

test('an error that questions the code itself is not taken for a failed undo', async () => {
  const { saga, take, done } = createRecorder(
    {},
    {
      async ProcessPayment() {
        throw new RangeError('not deterministic');
      },
    },
  );
  await take('ProcessPayment');

  const compensated = saga.compensate(FAILURE, { ...NOT_FATAL, isFatal: (error) => error instanceof RangeError });

  await expect(compensated).rejects.toThrow('not deterministic');
  expect(done).toEqual([]);
});

test('the state follows the steps', async () => {
  const current: unknown[] = [];
  const { saga, begun, take } = createRecorder({
    async CreateOrder() {
      current.push(saga.currentStep);
      return { ok: true };
    },
  });
  const states: unknown[] = [saga.view()];
  for (const step of STEP_NAMES) {
    await take(step);
    states.push(saga.view().sagaState);
  }
  saga.complete();
  states.push(saga.view());

  expect(states).toEqual([
    { sagaState: 'SagaInitiated', step: null, failure: null, needsAttention: false },
    ...SAGA_STATES.slice(1, 1 + STEP_NAMES.length),
    { sagaState: 'SagaCompleted', step: null, failure: null, needsAttention: false },
  ]);
  expect(begun).toEqual(STEP_NAMES);
  expect(current).toEqual(['CreateOrder']);
});

test('each step of the order stands under its name, in the order of the table, and has an undo where the table says so', () => {
  expect(ORDER_STEPS.map(({ name }) => name)).toEqual(STEP_NAMES);
  expect(ORDER_STEPS.map(({ undo }) => undo !== undefined)).toEqual(STEP_NAMES.map((step) => SAGA_STEPS[step].undo !== null));
});
