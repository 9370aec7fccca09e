import type { UnaryCalls } from '../../platform/rpc/client.ts';
import type { EventsServiceService, OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';

export type RelayCalls = {
  readonly outbox: Pick<UnaryCalls<OutboxServiceService>, 'listUnrelayed' | 'markRelayed'>;
  readonly events: Pick<UnaryCalls<EventsServiceService>, 'acceptEvents'>;
};

// Events of one call; less than AcceptEvents takes.
const PAGE_SIZE = 100;
// Milliseconds for one call: each is a statement or two.
const CALL_LIMITS = { deadlineMs: 3_000 };

/**
 * Takes over a page of another service's outbox, oldest first. They are marked there when they are kept here: whoever dies in
 * between lets them come again, and what is known by its id changes nothing. Answers how many there were, and whether there may be
 * more by now.
 */
export async function relay({ outbox, events }: RelayCalls): Promise<{ readonly relayed: number; readonly more: boolean }> {
  const page = await outbox.listUnrelayed({ limit: PAGE_SIZE }, CALL_LIMITS);
  if (page.events.length === 0) return { relayed: 0, more: false };
  await events.acceptEvents({ events: page.events }, CALL_LIMITS);
  await outbox.markRelayed({ eventIds: page.events.map(({ id }) => id) }, CALL_LIMITS);
  return { relayed: page.events.length, more: page.events.length === PAGE_SIZE };
}
