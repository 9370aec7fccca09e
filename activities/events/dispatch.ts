/**
 * The dispatcher: one loop per outbox relays events to notifications, and one sends due deliveries. The loops do not wait for each
 * other, so that a service that is down delays nobody else's events; each waits for its own service.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CancelledFailure, Context, log } from '@temporalio/activity';
import type { DispatchActivities, Dispatched } from '../../contracts/dispatch.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { createDeliveries, type DeliveryCalls, type OnSettled, type Senders } from './deliveries.ts';
import { type LogCalls, type OutboxCalls, relay } from './relay.ts';

// Milliseconds between two claims while there is work: an order's next event waits so long for the one before it. Claiming more often
// costs as much as the orders' own calls.
const CLAIM_PAUSE_MS = 400;
// Milliseconds between two calls of a loop: while there is no work, which is how late an event is at most at each of two steps; while
// a service is down.
const IDLE_PAUSE_MS = 1_000;
const DOWN_PAUSE_MS = 2_000;
// Milliseconds between two heartbeats, several in the workflow's heartbeat timeout.
const HEARTBEAT_MS = 2_000;
// Milliseconds of one run: six history events each. Less than a day, so that work moves to workers of newer code.
const RUN_MS = 600_000;
// Milliseconds that a stopping worker lets sends end. Another worker sends the rest again when their leases expire.
const STOP_LIMIT_MS = 3_000;

/** The services that emit events. */
export type Source = 'users' | 'orders' | 'payments';

export type DispatchCalls = {
  readonly notifications: LogCalls & DeliveryCalls;
  readonly outboxes: Readonly<Record<Source, OutboxCalls>>;
};

export function createDispatch(deps: {
  readonly calls: DispatchCalls;
  readonly senders: Senders;
  /** Aborted when the worker stops: Temporal cancels activities only when their time to end is over. */
  readonly stopping: AbortSignal;
  readonly onSettled?: OnSettled;
  readonly runMs?: number;
}): DispatchActivities {
  const { calls, senders, stopping, onSettled = () => {}, runMs = RUN_MS } = deps;
  return {
    async dispatch() {
      const context = Context.current();
      const { cancellationSignal } = context;
      const heartbeat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
      const done = { relayed: 0, delivered: 0, failed: 0 };
      const [over, giveUp] = [new AbortController(), new AbortController()];
      const ending = AbortSignal.any([over.signal, stopping, cancellationSignal, AbortSignal.timeout(runMs)]);
      const deliveries = createDeliveries({
        calls: calls.notifications,
        senders,
        giveUp: giveUp.signal,
        onSettled(channel, result) {
          done[result] += 1;
          onSettled(channel, result);
        },
      });
      async function relayFrom(outbox: OutboxCalls): Promise<number> {
        const { relayed, more } = await relay({ outbox, log: calls.notifications });
        done.relayed += relayed;
        // A page costs three calls: one that is not full may grow first.
        return more ? 0 : IDLE_PAUSE_MS;
      }
      async function claim(): Promise<number> {
        return (await deliveries.claim()) > 0 ? CLAIM_PAUSE_MS : IDLE_PAUSE_MS;
      }
      try {
        await Promise.all([
          ...Object.entries(calls.outboxes).map(([source, outbox]) =>
            keepDoing({ what: `Relaying events of ${source}`, round: () => relayFrom(outbox), ending }),
          ),
          keepDoing({ what: 'Claiming deliveries', round: claim, ending, woken: deliveries.oneEnded }),
        ]);
      } finally {
        over.abort();
        await allEnded({ deliveries, giveUp, hurried: [stopping, cancellationSignal] });
        clearInterval(heartbeat);
      }
      if (cancellationSignal.aborted) throw new CancelledFailure('The dispatcher was cancelled');
      return done satisfies Dispatched;
    },
  };
}

/** Runs rounds until the end. Logs once that a service fails, and once that it works again; any other error is a bug. */
async function keepDoing(options: {
  readonly what: string;
  /** Answers the milliseconds until the next round. */
  readonly round: () => Promise<number>;
  readonly ending: AbortSignal;
  /** Resolves when an idle pause should end early. */
  readonly woken?: () => Promise<void>;
}): Promise<void> {
  const { what, round, ending, woken } = options;
  let down = false;
  while (!ending.aborted) {
    let pauseMs = DOWN_PAUSE_MS;
    // Before the round: a delivery that ends during it ends the pause after it.
    const early = woken?.();
    try {
      pauseMs = await round();
      if (down) log.info(`${what} works again`);
      down = false;
    } catch (error: unknown) {
      if (!(error instanceof StatusError)) throw error;
      if (!down) log.warn(`${what} fails and is retried`, { code: error.code, reason: error.reason });
      down = true;
    }
    const pausing = pause(pauseMs, undefined, { signal: ending }).catch(() => {});
    await (pauseMs === IDLE_PAUSE_MS && early ? Promise.race([pausing, early]) : pausing);
  }
}

/** Waits for the deliveries in flight: at the end of a run without a limit, briefly when the worker stops or the run is cancelled. */
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
