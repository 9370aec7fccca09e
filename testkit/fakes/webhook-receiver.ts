import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as z from 'zod';
import { signatureOf } from '../../platform/webhooks/signature.ts';

const told = z.object({ id: z.string(), type: z.string(), order_id: z.string(), sequence: z.number() });

export type Told = z.infer<typeof told> & { readonly body: string };

/** Somebody who is told of events. `answer` answers instead of 200; it sees how many requests came before, of any event. */
export async function startReceiver(
  secret: string,
  answer: (event: Told, before: number, response: ServerResponse) => void = (_, __, response) => void response.end(),
) {
  const got: Told[] = [];
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
      const event = { ...told.parse(JSON.parse(body)), body };
      got.push(event);
      answer(event, got.length - 1, response);
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
      ...new Set(got.filter((event) => event.order_id === orderId).map(({ sequence }) => sequence)),
    ],
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
