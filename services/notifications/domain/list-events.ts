import type { Transaction } from '../../../platform/persistence/database.ts';
import { Event } from './event.ts';

/** The log after a position, oldest first. Never skips an event (LG1 of event-log.ts). */
export function listEvents(
  { em }: Pick<Transaction, 'em'>,
  { after, orderId, size }: { readonly after: number; readonly orderId: string | null; readonly size: number },
): Promise<Event[]> {
  const ofOrder = orderId === null ? {} : { orderId, streamId: orderId };
  return em.find(Event, { position: { $gt: after }, ...ofOrder }, { orderBy: { position: 'asc' }, limit: size });
}
