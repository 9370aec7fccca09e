import { serve } from '../api/operation.ts';
import { streamOrderEvents } from '../api/orders.ts';
import type { Routes } from '../context.ts';
import { pathId } from '../input.ts';
import { signedIn } from '../middleware/caller.ts';
import type { OrderEvents } from '../order-events.ts';
import type { OrderReader } from '../order-reader.ts';

export function orderEventsRoute(
  router: Routes,
  { orderReader, orderEvents }: { orderReader: OrderReader; orderEvents: OrderEvents },
): void {
  serve(router, streamOrderEvents, async (ctx) => {
    // The record knows whose order this is.
    const order = await orderReader.order(signedIn(ctx), pathId(ctx));
    const state = await orderEvents.current(order.id);
    const seenId = ctx.get('last-event-id');
    if (state.last && state.id === seenId) {
      // The answer that makes an EventSource stop connecting again (WHATWG HTML, 9.2.3).
      ctx.status = 204;
      return;
    }
    // Whoever only asks for the headers gets no stream that nobody would read.
    if (ctx.method !== 'HEAD') ctx.body = orderEvents.open(order.id, state, seenId);
    else ctx.status = 200;
    ctx.set('Content-Type', 'text/event-stream');
    // The connection ends with its stream, so that a gateway that stops does not wait until it is idle for long enough.
    ctx.set('Connection', 'close');
    // nginx would collect the events otherwise.
    ctx.set('X-Accel-Buffering', 'no');
  });
}
