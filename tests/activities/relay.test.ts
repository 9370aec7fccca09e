import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { type LogCalls, type OutboxCalls, relay } from '../../activities/events/relay.ts';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';

/** An outbox of so many events, and the ids of those that were relayed. */
function outboxOf(many: number) {
  const left: Event[] = Array.from({ length: many }, () => {
    const about = { orderId: randomUUID(), userId: randomUUID(), type: 'payment.captured' };
    return { id: randomUUID(), ...about, at: new Date(), version: 1, facts: {}, sequence: 0, amount: undefined };
  });
  const taken: string[] = [];
  const outbox: OutboxCalls = {
    listUnrelayed: async ({ limit }) => ({ events: left.slice(0, limit) }),
    async markRelayed({ eventIds }) {
      left.splice(0, eventIds.length);
      return {};
    },
  };
  const log: LogCalls = {
    async acceptEvents({ events }) {
      taken.push(...events.map(({ id }) => id));
      return {};
    },
  };
  return { outbox, log, taken, all: left.map(({ id }) => id) };
}

test('a backlog is relayed page by page, and a full page says that the next one need not wait', async () => {
  const { outbox, log, taken, all } = outboxOf(250);

  const pages = [await relay(outbox, log), await relay(outbox, log), await relay(outbox, log), await relay(outbox, log)];

  expect(pages).toEqual([
    { relayed: 100, more: true },
    { relayed: 100, more: true },
    { relayed: 50, more: false },
    { relayed: 0, more: false },
  ]);
  expect(taken).toEqual(all);
});
