import { expect, test } from '@jest/globals';
import type { OrderFailure } from '../../contracts/order.ts';
import { SAGA_STATES, STEP_NAMES, type StepName } from '../../contracts/saga-steps.ts';
import { Saga, StepRefused } from '../../workflows/saga.ts';
import type { Undo } from '../../workflows/undo-list.ts';

const FAILURE: OrderFailure = { step: 'ProcessPayment', reason: 'payment_declined', facts: {} };
const REFUSED = { ok: false, reason: 'insufficient_stock', facts: {} } as const;
const NOT_FATAL = { isFatal: () => false, afterFailures: async () => {} };

function createRecorder() {
  const done: string[] = [];
  const undoOf =
    (what: string): Undo =>
    async () => {
      done.push(`undo ${what}`);
    };
  const begun: StepName[] = [];
  return { done, undoOf, begun, saga: new Saga((step) => begun.push(step)) };
}

test('an undo is registered before its step is attempted', async () => {
  const { saga, done, undoOf } = createRecorder();
  const step = saga.step('ReserveInventory', {
    undo: undoOf('reserve'),
    run: async () => {
      throw new Error('timed out');
    },
  });

  await expect(step).rejects.toThrow('timed out');
  await saga.compensate(FAILURE, NOT_FATAL);

  expect(done).toEqual(['undo reserve']);
});

test("a refusal drops its own step's undo and keeps the earlier ones, also when the step has none", async () => {
  const { saga, done, undoOf } = createRecorder();
  saga.register('SubmitOrder', undoOf('submit'));
  const refused = saga.step('ReserveInventory', { undo: undoOf('reserve'), run: async () => REFUSED });
  await expect(refused).rejects.toMatchObject({ failure: { step: 'ReserveInventory', reason: 'insufficient_stock' } });
  await expect(saga.step('CreateOrder', { undo: null, run: async () => REFUSED })).rejects.toBeInstanceOf(StepRefused);

  await saga.compensate(FAILURE, NOT_FATAL);

  expect(done).toEqual(['undo submit']);
});

test('undos run newest first, each once, told of the first failure', async () => {
  const { saga } = createRecorder();
  const told: [string, OrderFailure][] = [];
  for (const what of ['SubmitOrder', 'ReserveInventory', 'ProcessPayment'] as const) {
    saga.register(what, async (why) => {
      told.push([what, why]);
    });
  }

  await saga.compensate(FAILURE, NOT_FATAL);

  expect(told).toEqual([
    ['ProcessPayment', FAILURE],
    ['ReserveInventory', FAILURE],
    ['SubmitOrder', FAILURE],
  ]);
  expect(saga.view()).toEqual({ sagaState: 'SagaFailed', step: null, failure: FAILURE, needsAttention: false });
});

test('an undo that fails does not stop the others and is tried again, round after round, in sight', async () => {
  const { saga, done, undoOf } = createRecorder();
  let failures = 2;
  saga.register('SubmitOrder', undoOf('submit'));
  saga.register('ReserveInventory', async () => {
    done.push('try reserve');
    if (failures-- > 0) throw new Error('bug');
  });
  saga.register('ProcessPayment', undoOf('pay'));
  const rounds: unknown[] = [];

  await saga.compensate(FAILURE, {
    isFatal: () => false,
    async afterFailures(failed, round) {
      rounds.push({ round, failed: failed.map(({ of }) => of), view: saga.view() });
    },
  });

  expect(done).toEqual(['undo pay', 'try reserve', 'undo submit', 'try reserve', 'try reserve']);
  const view = { sagaState: 'Compensating', step: null, failure: FAILURE, needsAttention: true, openUndos: ['ReserveInventory'] };
  expect(rounds).toEqual([
    { round: 1, failed: ['ReserveInventory'], view },
    { round: 2, failed: ['ReserveInventory'], view },
  ]);
  expect(saga.view().needsAttention).toBe(false);
});

test('an error that questions the code itself is not taken for a failed undo', async () => {
  const { saga, undoOf, done } = createRecorder();
  saga.register('SubmitOrder', undoOf('submit'));
  saga.register('ReserveInventory', async () => {
    throw new RangeError('not deterministic');
  });

  const compensated = saga.compensate(FAILURE, { ...NOT_FATAL, isFatal: (error) => error instanceof RangeError });

  await expect(compensated).rejects.toThrow('not deterministic');
  expect(done).toEqual([]);
});

test('the state follows the steps', async () => {
  const { saga, begun } = createRecorder();
  const states: unknown[] = [saga.view()];
  for (const step of STEP_NAMES) {
    await saga.step(step, {
      undo: null,
      run: async () => {
        expect(saga.currentStep).toBe(step);
        return { ok: true };
      },
    });
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
});
