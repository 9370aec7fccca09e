import type { UnaryCalls } from '../../platform/rpc/client.ts';
import type { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import type { NotificationsServiceService } from '../../proto/gen/shopfast/notifications/v1/notifications.ts';

export type OutboxCalls = Pick<UnaryCalls<OutboxServiceService>, 'listUnrelayed' | 'markRelayed'>;
export type LogCalls = Pick<UnaryCalls<NotificationsServiceService>, 'acceptEvents'>;

// Events of one call; less than AcceptEvents takes.
const PAGE_SIZE = 100;
// Milliseconds for one call: each is a statement or two.
const CALL_LIMITS = { deadlineMs: 3_000 };

/**
 * Relays a page of a service's outbox to notifications, oldest first. Events are marked after they are accepted: a relay that dies in
 * between sends them again, and an event whose id is known changes nothing. Answers how many there were, and whether there may be
 * more.
 */
export async function relay({
  outbox,
  log,
}: {
  readonly outbox: OutboxCalls;
  readonly log: LogCalls;
}): Promise<{ readonly relayed: number; readonly more: boolean }> {
  const { events } = await outbox.listUnrelayed({ limit: PAGE_SIZE }, CALL_LIMITS);
  if (events.length === 0) return { relayed: 0, more: false };
  await log.acceptEvents({ events }, CALL_LIMITS);
  await outbox.markRelayed({ eventIds: events.map(({ id }) => id) }, CALL_LIMITS);
  return { relayed: events.length, more: events.length === PAGE_SIZE };
}
