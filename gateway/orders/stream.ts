import { pathId } from '../http/input.ts';
import type { Route } from '../http/route.ts';
import { signedIn } from '../identity/caller.ts';
import type { OrderFeed } from './feed.ts';
import type { OrderReader } from './read.ts';

export const streamOrderEvents: Route<{ readonly orderReader: OrderReader; readonly orderFeed: OrderFeed }> = {
  operation: {
    id: 'streamOrderEvents',
    method: 'GET',
    path: '/v1/orders/:id/events',
    tag: 'orders',
    summary: 'Follow an order as Server-Sent Events',
    description:
      'Sends a `status` event with the data of `/status` immediately and for every change, at most one per second, and a comment ' +
      'every 15 s. The stream ends after the saga has ended. Reconnect with Last-Event-ID: events that you have seen are not ' +
      'repeated, and 204 means that none follows.',
    access: 'signed-in',
    headers: { 'Last-Event-ID': { description: 'The id of the newest event that you have seen.' } },
    answers: {
      200: { description: 'A stream of events.', contentType: 'text/event-stream' },
      204: { description: 'You have seen the last event; do not reconnect.' },
    },
    problems: ['overloaded'],
  },
  handler: ({ orderReader, orderFeed }) =>
    async function streamOrderEventsHandler(ctx) {
      // The record knows the order's user.
      const caller = signedIn(ctx);
      const order = await orderReader.order(caller, pathId(ctx));
      const state = await orderFeed.current(order.id);
      const seenId = ctx.get('last-event-id');
      if (state.last && state.id === seenId) {
        // This answer stops an EventSource from reconnecting (WHATWG HTML, 9.2.3).
        ctx.status = 204;
        return;
      }
      // HEAD opens no stream: nobody would read it.
      if (ctx.method === 'HEAD') ctx.status = 200;
      else {
        ctx.body = orderFeed.open(order.id, state, { seenId, userId: caller.userId });
        ctx.state.waits();
      }
      ctx.set('Content-Type', 'text/event-stream');
      // The connection ends with its stream, so that a gateway that stops does not wait for it to become idle.
      ctx.set('Connection', 'close');
      // nginx would buffer the events.
      ctx.set('X-Accel-Buffering', 'no');
    },
};
