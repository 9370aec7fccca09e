import * as z from 'zod';
import type { ConfirmCalls, OrderActivities } from '../contracts/activities.ts';
import { SAGA_STEPS, STEP_NAMES, type StepName, UNDOES, type UndoActivity } from '../contracts/saga-steps.ts';

/** The calls that take the saga forward: a step's activity, and instead of `confirm` the two calls that it makes. */
export type ForwardCall = Exclude<(typeof SAGA_STEPS)[StepName]['activity'], 'confirm'> | keyof ConfirmCalls;
export type SagaCall = ForwardCall | UndoActivity;

const CONFIRM_CALLS: readonly (keyof ConfirmCalls)[] = ['confirmReservation', 'confirmOrder'];

/** The saga's part of ServiceCalls. */
export type SagaCalls = Pick<OrderActivities & ConfirmCalls, SagaCall>;

/** In the saga's order. */
export const FORWARD_CALLS: readonly ForwardCall[] = STEP_NAMES.flatMap(callsOf);

/** The undos, newest first. */
export const UNDO_CALLS: readonly UndoActivity[] = [...UNDOES.keys()].filter(isUndo).reverse();

/** The subject of a call: its order, or its user where no order is named. */
export const about = z
  .object({ orderId: z.string().optional(), userId: z.string().optional() })
  .transform(({ orderId, userId }) => orderId ?? userId ?? '');

/** Activities that are all answered by one function. */
export function answeredBy(answer: (call: SagaCall, input: unknown) => Promise<unknown>): SagaCalls {
  const calls = [...FORWARD_CALLS, ...UNDO_CALLS];
  const activities = Object.fromEntries(calls.map((call) => [call, (input: unknown) => answer(call, input)]));
  requireEvery(activities, calls);
  return activities;
}

function requireEvery(activities: object, calls: readonly string[]): asserts activities is SagaCalls {
  const missing = calls.filter((call) => !Object.hasOwn(activities, call));
  if (missing.length > 0) throw new Error(`No activity ${missing.join(', ')}`);
}

/** The step that each forward call belongs to. */
export function stepOfCall(call: ForwardCall): StepName {
  const step = STEP_NAMES.find((name) => callsOf(name).includes(call));
  if (step === undefined) throw new Error(`${call} belongs to no step`);
  return step;
}

/**
 * The undos that are registered when a step is attempted, newest first: those of the steps up to it, and of the local-first steps
 * that follow it directly when it is one itself, because a worker that died may have gone that far.
 */
export function undosAt(step: StepName): readonly UndoActivity[] {
  const at = STEP_NAMES.indexOf(step);
  const regular = STEP_NAMES.findIndex((name, nth) => nth >= at && SAGA_STEPS[name].mode === 'regular');
  const end = regular < 0 ? STEP_NAMES.length : Math.max(regular, at + 1);
  const registered: readonly string[] = ['SubmitOrder', ...STEP_NAMES.slice(0, end)];
  return UNDO_CALLS.filter((call) => registered.includes(UNDOES.get(call) ?? ''));
}

export function isForward(call: string): call is ForwardCall {
  return FORWARD_CALLS.some((forward) => forward === call);
}

/** The calls of a step, in their order. */
export function callsOf(step: StepName): readonly ForwardCall[] {
  const { activity } = SAGA_STEPS[step];
  return activity === 'confirm' ? CONFIRM_CALLS : [activity];
}

export function isUndo(call: string): call is UndoActivity {
  return UNDOES.has(call);
}
