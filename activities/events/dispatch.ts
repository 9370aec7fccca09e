/**
 * The dispatcher. Loops that do not wait for each other: one per outbox relays its events to notifications, and one sends the
 * deliveries that are due. A loop whose service is down waits and goes on.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { CancelledFailure, Context, log } from '@temporalio/activity';
import type { DispatchActivities, Dispatched } from '../../contracts/dispatch.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { createDeliveries, type DeliveryCalls, type OnSettled, type Senders } from './deliveries.ts';
import { type LogCalls, type OutboxCalls, relay, SOURCES, type Source } from './relay.ts';

// Milliseconds between two claims while there is work: the next event of an order waits that long. Claiming more often costs as much as
// the orders' own calls.
const CLAIM_PAUSE_MS = 400;
// Milliseconds between two calls of an idle loop, which is how late an event is relayed or sent at most; and while a service is down.
const IDLE_PAUSE_MS = 1_000;
const DOWN_PAUSE_MS = 2_000;
// Milliseconds between two heartbeats: several within the heartbeat timeout of the workflow (10 s).
const BEAT_MS = 2_000;
// Milliseconds of one run, which costs six history events. Less than a day, so that work moves to workers of newer code.
const RUN_MS = 600_000;
// Milliseconds that a stopping worker gives to sends in flight. Another worker sends the aborted ones when their leases end.
const STOP_LIMIT_MS = 3_000;

export function createDispatch(deps: {
  readonly outboxes: Readonly<Record<Source, OutboxCalls>>;
  readonly notifications: LogCalls & DeliveryCalls;
  readonly senders: Senders;
  /** Aborted when the worker stops: Temporal cancels activities only after their grace period. */
  readonly stopping: AbortSignal;
  readonly onSettled?: OnSettled;
  readonly runMs?: number;
}): DispatchActivities {
  const { outboxes, notifications, senders, stopping, onSettled = () => {}, runMs = RUN_MS } = deps;
  return {
    async dispatch() {
      const context = Context.current();
      const { cancellationSignal } = context;
      const beat = setInterval(() => context.heartbeat(), BEAT_MS);
      const done = { relayed: 0, delivered: 0, failed: 0 };
      const [over, giveUp] = [new AbortController(), new AbortController()];
      const ending = AbortSignal.any([over.signal, stopping, cancellationSignal, AbortSignal.timeout(runMs)]);
      const deliveries = createDeliveries({
        calls: notifications,
        senders,
        giveUp: giveUp.signal,
        onSettled(channel, result) {
          done[result] += 1;
          onSettled(channel, result);
        },
      });
      async function relayPage(source: Source): Promise<number> {
        const { relayed, more } = await relay(outboxes[source], notifications);
        done.relayed += relayed;
        if (more) return 0;
        return relayed > 0 ? CLAIM_PAUSE_MS : IDLE_PAUSE_MS;
      }
      async function claim(): Promise<number> {
        return (await deliveries.claim()) > 0 ? CLAIM_PAUSE_MS : IDLE_PAUSE_MS;
      }
      try {
        await Promise.all([
          ...SOURCES.map((source) => keepDoing({ what: `Relaying events of ${source}`, round: () => relayPage(source), ending })),
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

/** Runs rounds until the end. Logs once that a service fails and once that it works again; any other error is a bug. */
async function keepDoing(options: {
  readonly what: string;
  /** Returns how many milliseconds to wait before the next round. */
  readonly round: () => Promise<number>;
  readonly ending: AbortSignal;
  /** Ends an idle pause early. */
  readonly woken?: () => Promise<void>;
}): Promise<void> {
  const { what, round, ending, woken } = options;
  let down = false;
  while (!ending.aborted) {
    let pauseMs = DOWN_PAUSE_MS;
    // A delivery that ends during the round must end the pause after it.
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

/** Waits for the sends in flight: without a limit at the end of a run, STOP_LIMIT_MS when the run is stopped or cancelled. */
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
