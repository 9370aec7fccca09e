/** Trouble between the worker and the real activities of an order's life: one fault in one call of one order. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import * as z from 'zod';
import { wrapActivities } from '../../../activities/wrap-activities.ts';
import type { ServiceCalls } from '../../../contracts/activities.ts';
import { eventually } from '../../../testkit/eventually.ts';
import { isLifeCall, LIFE_CALLS, type LifeCall } from './life-rows.ts';

/** How a call goes wrong, and what becomes of its command. */
export const LIFE_FAULTS = {
  refused: 'refused with its reason; the order is as it was and takes the next command',
  'fails twice, heals while it is retried': 'carried out',
  'happens, its answer is lost': 'carried out',
  'happens, its attempt times out': 'carried out',
  'fails for good': 'refused, or parked where it undoes; given again when it is mended, it is carried out from where it stood',
  'the same command comes meanwhile': 'carried out, and both are answered alike',
  'Temporal asks to cancel meanwhile': 'carried out',
} as const;

export type LifeFault = keyof typeof LIFE_FAULTS;

export type WatchedLife = {
  readonly activity: LifeCall;
  readonly fault: LifeFault;
  /** The keys of the faulty call's attempts. */
  readonly keys: string[];
  /** Every call, in its order; attempts among them. */
  readonly calls: LifeCall[];
  /** Where a call fails for good: until somebody has mended the service. */
  mended: boolean;
  cancel(): Promise<unknown>;
  /** Gives the command a second time; resolves when it is accepted. */
  again(): Promise<unknown>;
};

const keyed = z.object({ orderId: z.string(), key: z.string() });

const DOWN = () => new Error('the service is down');
// Milliseconds after the limit of an attempt by which the next one has begun: the back-off, and a server's timer that is late.
const NEXT_ATTEMPT_MS = 30_000;

/** The real activities with each order's own fault in them. */
export function withLifeFaults<A extends ServiceCalls>(real: A, orders: ReadonlyMap<string, WatchedLife>): A {
  return wrapActivities(real, (activity, call) => {
    if (!isLifeCall(activity)) return call;
    return async (input) => {
      const { orderId, key } = keyed.parse(input);
      const order = orders.get(orderId);
      order?.calls.push(activity);
      if (order?.activity !== activity) return call(input);
      order.keys.push(key);
      return go(order, order.keys.length, () => call(input));
    };
  });
}

async function go<Output>(order: WatchedLife, nth: number, take: () => Promise<Output>): Promise<Output> {
  switch (order.fault) {
    case 'refused':
      return take();
    case 'fails twice, heals while it is retried':
      if (nth <= 2) throw DOWN();
      return take();
    case 'happens, its answer is lost': {
      const answer = await take();
      if (nth === 1) throw DOWN();
      return answer;
    }
    case 'happens, its attempt times out': {
      const answer = await take();
      // It comes after all, when the next attempt has begun: by the clock alone it might still be in time.
      const limitMs = Context.current().info.startToCloseTimeoutMs + NEXT_ATTEMPT_MS;
      if (nth === 1)
        await eventually(
          async () => order.keys.length,
          (attempts) => attempts > 1,
          limitMs,
        );
      return answer;
    }
    case 'fails for good':
      if (!order.mended) throw ApplicationFailure.nonRetryable('The service answered INVALID_ARGUMENT', 'validation_failed');
      return take();
    case 'the same command comes meanwhile':
      // Not beside a local attempt, which holds the workflow's task.
      if (nth === 1) throw DOWN();
      if (nth === 2) await order.again();
      return take();
    case 'Temporal asks to cancel meanwhile':
      if (nth > 1) return take();
      await order.cancel();
      // Tried again as a regular activity, beside which the workflow hears the request.
      throw DOWN();
  }
}

/** Which faults make sense in which call. */
export function lifeCells(refusable: (activity: LifeCall) => boolean) {
  const faults = Object.keys(LIFE_FAULTS).filter((name): name is LifeFault => name in LIFE_FAULTS);
  return LIFE_CALLS.flatMap((activity) =>
    faults.filter((fault) => fault !== 'refused' || refusable(activity)).map((fault) => ({ activity, fault })),
  );
}
