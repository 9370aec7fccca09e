import type { Transaction } from '../../../platform/persistence/database.ts';
import { Receiver } from './receiver.ts';

/** Active ones, oldest first. */
export function listWebhooks({ em }: Pick<Transaction, 'em'>): Promise<Receiver[]> {
  return em.find(Receiver, { kind: 'webhook', untilPosition: null }, { orderBy: { createdAt: 'asc', id: 'asc' } });
}
