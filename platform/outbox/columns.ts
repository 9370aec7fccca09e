import { p } from '@mikro-orm/core';
import { v7 as newId } from 'uuid';

/** The columns of the outbox (schema.ts) for a service's own entity, which narrows `type` to the events that it emits. */
export const outboxColumns = {
  position: p.bigint('number').primary().generated('identity'),
  id: p.uuid().onCreate(() => newId()),
  version: p.integer().default(1),
  orderId: p.uuid().nullable(),
  userId: p.uuid(),
  at: p.datetime(3).defaultRaw('now()'),
  amountMinor: p.bigint('number').nullable(),
  currency: p.character().length(3).nullable(),
  facts: p.json<Readonly<Record<string, string>>>().defaultRaw(`'{}'`),
  relayedAt: p.datetime().nullable(),
} as const;
