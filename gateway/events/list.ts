import * as z from 'zod';
import type { Clients } from '../clients.ts';
import { readQuery } from '../http/input.ts';
import { cursorJson } from '../http/json.ts';
import type { Route } from '../http/route.ts';
import { cursor, limit } from '../http/schemas.ts';
import { OPERATORS } from '../identity/caller.ts';
import { eventJson, eventSchema } from './event-json.ts';

const LIMITS = { deadlineMs: 5_000 };

const query = z.strictObject({
  after: cursor.describe('`next_cursor` of the answer before; absent: from the first event.'),
  limit,
});

export const listEvents: Route<{ readonly clients: Pick<Clients, 'notifications'> }> = {
  operation: {
    id: 'listEvents',
    method: 'GET',
    path: '/v1/events',
    tag: 'events',
    summary: 'Read the event log, oldest first',
    description:
      'For a consumer that reads history: store each `next_cursor` with the work that its events caused, and ask again with it. ' +
      'At the end of the log `items` is empty, and the same cursor finds the events that follow.',
    access: OPERATORS,
    query,
    answers: {
      200: {
        description: 'The next events.',
        schema: z.strictObject({
          items: z.array(eventSchema),
          next_cursor: z.string().nullable().describe('Where the next answer begins; null while the log is empty.'),
        }),
      },
    },
  },
  handler: ({ clients: { notifications } }) =>
    async function listEventsHandler(ctx) {
      const { after, limit: pageSize } = readQuery(ctx, query);
      const { events, nextCursor } = await notifications.calls.listEvents({ after, pageSize, orderId: '' }, LIMITS);
      ctx.body = { items: events.map(eventJson), next_cursor: cursorJson(nextCursor) };
    },
};
