import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { relay } from '../../activities/events/relay.ts';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';

/** An outbox of so many events, and the ids that were relayed from it. */
function outboxOf(many: number) {
  const left: Event[] = Array.from({ length: many }, () => {
    const about = { orderId: randomUUID(), userId: randomUUID(), type: 'payment.captured', version: 1 };
    return { id: randomUUID(), ...about, at: new Date(), facts: {}, sequence: 0, amount: undefined };
  });
  const accepted: string[] = [];
  const calls: Parameters<typeof relay>[0] = {
    outbox: {
      listUnrelayed: async ({ limit }) => ({ events: left.slice(0, limit) }),
      async markRelayed({ eventIds }) {
        left.splice(0, eventIds.length);
        return {};
      },
    },
    log: {
      async acceptEvents({ events }) {
        accepted.push(...events.map(({ id }) => id));
        return {};
      },
    },
  };
  return { calls, accepted, all: left.map(({ id }) => id) };
}

test('a backlog is relayed page by page, and a full page says that the next one need not wait', async () => {
  const { calls, accepted, all } = outboxOf(250);

  const pages = [await relay(calls), await relay(calls), await relay(calls), await relay(calls)];

  expect(pages).toEqual([
    { relayed: 100, more: true },
    { relayed: 100, more: true },
    { relayed: 50, more: false },
    { relayed: 0, more: false },
  ]);
  expect(accepted).toEqual(all);
});
