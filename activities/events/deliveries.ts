/**
 * Deliveries in flight.
 *
 * D1 A claimed delivery is sent within its lease: sending begins only while there is time to end it, so that a dispatcher that was
 *    suspended sends nothing that another has taken over.
 * D2 An outcome is settled until the call is answered or the lease has expired; then the delivery is sent again, under the same event
 *    id. Any answer counts: what it says of one delivery changes nothing for the others of the call.
 * D3 A sender that is aborted settles nothing: the lease expires, and another dispatcher sends the delivery.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { log } from '@temporalio/activity';
import type { UnaryCalls } from '../../platform/rpc/client.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { contextFrom, withContext } from '../../platform/telemetry/context.ts';
import type {
  ClaimedDelivery,
  NotificationsServiceService,
  Settlement,
} from '../../proto/gen/shopfast/notifications/v1/notifications.ts';
import { createBatcher } from './batcher.ts';
import type { Message, Send, Sent } from './sender.ts';

export type DeliveryCalls = Pick<UnaryCalls<NotificationsServiceService>, 'claimDeliveries' | 'settleDeliveries'>;
export type Channel = 'webhook' | 'mail';
export type Senders = Readonly<Record<Channel, Send>>;
export type OnSettled = (channel: Channel, result: 'delivered' | 'failed') => void;

// Each holds a socket and a few kilobytes. A hundred that wait for slow receivers still leave 10 deliveries a second. No more than
// one call settles.
const IN_FLIGHT_MAX = 100;
// Milliseconds that a send takes at most: to ask for an address, among others, and to mail.
const SEND_LIMIT_MS = 13_100;
// Milliseconds of a lease: a send, and time to settle it. The deliveries of a dead worker wait this long.
const LEASE_MS = 20_000;
// Milliseconds for one call: each is a statement or two.
const CALL_LIMITS = { deadlineMs: 3_000 };
// Milliseconds between two attempts to settle a delivery.
const SETTLE_PAUSE_MS = 1_000;

export type Deliveries = ReturnType<typeof createDeliveries>;

export function createDeliveries(deps: {
  readonly calls: DeliveryCalls;
  readonly senders: Senders;
  readonly onSettled: OnSettled;
  /** Aborted: everything in flight is given up. */
  readonly giveUp: AbortSignal;
}) {
  const { calls, senders, onSettled, giveUp } = deps;
  const settle = createBatcher({
    max: IN_FLIGHT_MAX,
    call: (settlements: readonly Settlement[]) => answered(calls, settlements),
  });
  const inFlight = new Set<Promise<void>>();
  let ended = Promise.withResolvers<void>();

  async function deliver(claimed: ClaimedDelivery, leasedUntilMs: number): Promise<void> {
    const { delivery, leaseId, url, secret } = claimed;
    if (!delivery?.event || performance.now() > leasedUntilMs - SEND_LIMIT_MS) return; // D1
    const channel = url === '' ? 'mail' : 'webhook';
    const sent = await attempt(senders[channel], { event: delivery.event, url, secret }, giveUp);
    if (sent === undefined) return; // D3
    onSettled(channel, sent.ok ? 'delivered' : 'failed');
    const outcome = sent.ok ? { error: '', permanent: false } : { error: sent.why, permanent: sent.permanent };
    while (!giveUp.aborted && performance.now() < leasedUntilMs) {
      if (await settle({ deliveryId: delivery.id, leaseId, ...outcome })) return; // D2
      await pause(SETTLE_PAUSE_MS, undefined, { signal: giveUp }).catch(() => {});
    }
  }

  function begin(claimed: ClaimedDelivery, leasedUntilMs: number): void {
    const event = claimed.delivery?.event;
    const about = event ? { orderId: event.orderId, userId: event.userId } : {};
    const sending = withContext({ ...contextFrom(undefined), ...about }, () => deliver(claimed, leasedUntilMs))
      .catch((error: unknown) => log.error('A delivery ended unexpectedly', { eventId: event?.id, error }))
      .finally(() => {
        inFlight.delete(sending);
        ended.resolve();
        ended = Promise.withResolvers<void>();
      });
    inFlight.add(sending);
  }

  return {
    /** Claims as many as there is room for and begins to send them; answers how many. */
    async claim(): Promise<number> {
      const limit = IN_FLIGHT_MAX - inFlight.size;
      if (limit === 0) return 0;
      // Counted from before the call, so that the lease ends here no later than in notifications.
      const leasedUntilMs = performance.now() + LEASE_MS;
      const { deliveries } = await calls.claimDeliveries({ limit, leaseMs: LEASE_MS }, CALL_LIMITS);
      for (const claimed of deliveries) begin(claimed, leasedUntilMs);
      return deliveries.length;
    },
    /** Resolves when a delivery in flight has ended: the next event of its order may be due. */
    oneEnded: () => ended.promise,
    async allEnded(): Promise<void> {
      await Promise.all(inFlight);
    },
  };
}

/** A sender's bug is a failed attempt, visible in the list of deliveries and in the log. */
async function attempt(send: Send, message: Message, giveUp: AbortSignal): Promise<Sent | undefined> {
  try {
    return await send(message, giveUp);
  } catch (error: unknown) {
    if (giveUp.aborted) return undefined;
    log.error('A sender failed unexpectedly', { eventId: message.event.id, error });
    return { ok: false, why: 'internal', permanent: false };
  }
}

async function answered(calls: DeliveryCalls, settlements: readonly Settlement[]): Promise<boolean> {
  try {
    await calls.settleDeliveries({ settlements: [...settlements] }, CALL_LIMITS);
    return true;
  } catch (error: unknown) {
    if (error instanceof StatusError) return false;
    throw error;
  }
}
