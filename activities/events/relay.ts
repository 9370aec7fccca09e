import type { UnaryCalls } from '../../platform/rpc/client.ts';
import type { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import type { NotificationsServiceService } from '../../proto/gen/shopfast/notifications/v1/notifications.ts';

/** The services that emit events, each from an outbox of its own. */
export const SOURCES = ['users', 'orders', 'payments'] as const;
export type Source = (typeof SOURCES)[number];

export type OutboxCalls = Pick<UnaryCalls<typeof OutboxServiceService>, 'listUnrelayed' | 'markRelayed'>;
export type LogCalls = Pick<UnaryCalls<typeof NotificationsServiceService>, 'acceptEvents'>;

// Events of one call; less than AcceptEvents takes.
const PAGE_SIZE = 100;
// Milliseconds for one call: each is a few statements.
const CALL_LIMITS = { deadlineMs: 3_000 };

/**
 * Relays one page of an outbox to notifications, oldest first. Events are marked as relayed after notifications has accepted them: a
 * relay that dies in between sends them again, and an event whose id is known changes nothing. `more`: the page was full.
 */
export async function relay(outbox: OutboxCalls, log: LogCalls): Promise<{ readonly relayed: number; readonly more: boolean }> {
  const { events } = await outbox.listUnrelayed({ limit: PAGE_SIZE }, CALL_LIMITS);
  if (events.length === 0) return { relayed: 0, more: false };
  await log.acceptEvents({ events }, CALL_LIMITS);
  await outbox.markRelayed({ eventIds: events.map(({ id }) => id) }, CALL_LIMITS);
  return { relayed: events.length, more: events.length === PAGE_SIZE };
}
