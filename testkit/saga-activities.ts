import * as z from 'zod';
import {
  type ForwardCall,
  type OrderActivities,
  SAGA,
  SAGA_STEPS,
  type SagaStep,
  UNDOES,
  type UndoCall,
} from '../contracts/activities.ts';

export type SagaCall = ForwardCall | UndoCall;

/** The calls that take the saga forward, in its order. */
export const FORWARD_CALLS: readonly ForwardCall[] = SAGA_STEPS.flatMap((step) =>
  Object.keys(SAGA[step].calls).filter(isForward),
);

/** The undos, newest first. */
export const UNDO_CALLS: readonly UndoCall[] = [...UNDOES.keys()].filter(isUndo).reverse();

/** Whom a call is about: its order, or its user where no order is named. */
export const about = z
  .object({ orderId: z.string().optional(), userId: z.string().optional() })
  .transform(({ orderId, userId }) => orderId ?? userId ?? '');

/** Activities that are all answered by one function. */
export function answeredBy(answer: (call: SagaCall, input: unknown) => Promise<unknown>): OrderActivities {
  const calls = [...FORWARD_CALLS, ...UNDO_CALLS];
  const activities = Object.fromEntries(calls.map((call) => [call, (input: unknown) => answer(call, input)]));
  requireEvery(activities, calls);
  return activities;
}

function requireEvery(activities: object, calls: readonly string[]): asserts activities is OrderActivities {
  const missing = calls.filter((call) => !Object.hasOwn(activities, call));
  if (missing.length > 0) throw new Error(`No activity ${missing.join(', ')}`);
}

/** The step that each forward call belongs to. */
export function stepOfCall(call: ForwardCall): SagaStep {
  const step = SAGA_STEPS.find((name) => Object.hasOwn(SAGA[name].calls, call));
  if (step === undefined) throw new Error(`${call} belongs to no step`);
  return step;
}

/** What undoes all that comes before a step, newest first; the release, always: a worker that died may have reserved. */
export function undosBefore(step: SagaStep): readonly UndoCall[] {
  const before: readonly string[] = [
    'SubmitOrder',
    ...SAGA_STEPS.slice(0, SAGA_STEPS.indexOf(step)),
    ...(step === 'ValidateUser' ? ['ReserveInventory'] : []),
  ];
  return UNDO_CALLS.filter((call) => before.includes(UNDOES.get(call) ?? ''));
}

export function isForward(call: string): call is ForwardCall {
  return SAGA_STEPS.some((step) => Object.hasOwn(SAGA[step].calls, call));
}

export function isUndo(call: string): call is UndoCall {
  return UNDOES.has(call);
}
