/**
 * The dispatcher at work. Two loops that do not wait for each other: payments' outbox is taken over, and deliveries that are
 * due are sent. Services that are down are waited for.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CancelledFailure, Context, log } from '@temporalio/activity';
import type { DispatchActivities, Dispatched } from '../../contracts/dispatch.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { createDeliveries, type DeliveryCalls, type OnSettled, type Senders } from './deliveries.ts';
import { type RelayCalls, relay } from './relay.ts';

// Milliseconds between two looks while there is work: an order's next event waits so long for the one before it. More often,
// looking costs as much as the orders' own calls.
const CLAIM_PAUSE_MS = 400;
// Milliseconds between two looks: while there is no work, which is how late an event is told at most, for two calls a second;
// while a service is down.
const IDLE_PAUSE_MS = 1_000;
const DOWN_PAUSE_MS = 2_000;
// Milliseconds between two signs of life, several in the time after which the workflow takes a worker for dead.
const BEAT_MS = 2_000;
// Milliseconds of one run: six history events each. Less than a day, so that work moves to workers of newer code.
const RUN_MS = 600_000;
// Milliseconds that a stopping worker lets sends end. What is cut off is sent again by another worker when its lease runs out.
const STOP_LIMIT_MS = 3_000;

export function createDispatch(deps: {
  readonly calls: RelayCalls & { readonly events: DeliveryCalls };
  readonly senders: Senders;
  /** Aborted when the worker stops: Temporal tells activities only when the time that they are given to end is over. */
  readonly stopping: AbortSignal;
  readonly onSettled?: OnSettled;
  readonly runMs?: number;
}): DispatchActivities {
  const { calls, senders, stopping, onSettled = () => {}, runMs = RUN_MS } = deps;
  return {
    async dispatch() {
      const context = Context.current();
      const { cancellationSignal } = context;
      const beat = setInterval(() => context.heartbeat(), BEAT_MS);
      const done = { relayed: 0, delivered: 0, failed: 0 };
      const [over, giveUp] = [new AbortController(), new AbortController()];
      const ending = AbortSignal.any([over.signal, stopping, cancellationSignal, AbortSignal.timeout(runMs)]);
      const deliveries = createDeliveries({
        calls: calls.events,
        senders,
        giveUp: giveUp.signal,
        onSettled(channel, result) {
          done[result] += 1;
          onSettled(channel, result);
        },
      });
      async function takeOver(): Promise<number> {
        const { relayed, more } = await relay(calls);
        done.relayed += relayed;
        // Payments' events wait for nothing, and a look for them is three calls: a page that is not full may grow first.
        return more ? 0 : IDLE_PAUSE_MS;
      }
      async function claim(): Promise<number> {
        return (await deliveries.claim()) > 0 ? CLAIM_PAUSE_MS : IDLE_PAUSE_MS;
      }
      try {
        await Promise.all([
          keepDoing({ what: 'Taking over events of payments', round: takeOver, ending }),
          keepDoing({ what: 'Claiming deliveries', round: claim, ending, woken: deliveries.oneEnded }),
        ]);
      } finally {
        over.abort();
        await allEnded({ deliveries, giveUp, hurried: [stopping, cancellationSignal] });
        clearInterval(beat);
      }
      if (cancellationSignal.aborted) throw new CancelledFailure('The dispatcher was cancelled');
      return done satisfies Dispatched;
    },
  };
}

/** Rounds until the end. What a service answers wrongly is said once, and once that it is over; anything else is a bug. */
async function keepDoing(options: {
  readonly what: string;
  /** Answers how many milliseconds to wait for the next one. */
  readonly round: () => Promise<number>;
  readonly ending: AbortSignal;
  /** Something that ends an idle pause early. */
  readonly woken?: () => Promise<void>;
}): Promise<void> {
  const { what, round, ending, woken } = options;
  let down = false;
  while (!ending.aborted) {
    let pauseMs = DOWN_PAUSE_MS;
    // What ends while the round asks must end the pause after it.
    const early = woken?.();
    try {
      pauseMs = await round();
      if (down) log.info(`${what} works again`);
      down = false;
    } catch (error: unknown) {
      if (!(error instanceof StatusError)) throw error;
      if (!down) log.warn(`${what} does not work and is tried again`, { code: error.code, reason: error.reason });
      down = true;
    }
    const pausing = pause(pauseMs, undefined, { signal: ending }).catch(() => {});
    await (pauseMs === IDLE_PAUSE_MS && early ? Promise.race([pausing, early]) : pausing);
  }
}

/** At the end of a run sends take the time they need, a stopping or cancelled one has little. */
async function allEnded(options: {
  readonly deliveries: { allEnded(): Promise<void> };
  readonly giveUp: AbortController;
  readonly hurried: readonly AbortSignal[];
}): Promise<void> {
  const { deliveries, giveUp } = options;
  const hurried = AbortSignal.any([...options.hurried]);
  const hurry = () => setTimeout(() => giveUp.abort(), STOP_LIMIT_MS);
  let timer = hurried.aborted ? hurry() : undefined;
  const begin = () => {
    timer ??= hurry();
  };
  hurried.addEventListener('abort', begin);
  await deliveries.allEnded();
  hurried.removeEventListener('abort', begin);
  clearTimeout(timer);
}
