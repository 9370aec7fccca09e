import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import { signatureOf } from '../../platform/webhooks/signature.ts';

/** An event of a user has no order: its `order_id` is then empty. */
const event = z.object({
  id: z.string(),
  type: z.string(),
  order_id: z
    .string()
    .nullish()
    .transform((id) => id ?? ''),
  user_id: z.string(),
  sequence: z.number(),
});

export type ReceivedEvent = z.infer<typeof event> & { readonly body: string };

/** A receiver of events. `answer` answers instead of 200; it sees how many requests came before, of any event. */
export async function startReceiver(
  secret: string,
  answer: (event: ReceivedEvent, before: number, response: ServerResponse) => void = (_, __, response) => void response.end(),
) {
  const got: ReceivedEvent[] = [];
  let unsigned = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      const signature = String(request.headers['shopfast-signature']);
      const at = new Date(Number(/^t=(\d+),/.exec(signature)?.[1]) * 1_000);
      if (signature !== signatureOf({ secret, body, at })) unsigned += 1;
      const received = { ...event.parse(JSON.parse(body)), body };
      got.push(received);
      answer(received, got.length - 1, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    /** Every request, in the order of their coming. */
    got,
    unsigned: () => unsigned,
    /** Sequences of an order's events, in the order of their first coming. */
    sequencesOf: (orderId: string) => [
      ...new Set(got.filter(({ order_id }) => order_id === orderId).map(({ sequence }) => sequence)),
    ],
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
