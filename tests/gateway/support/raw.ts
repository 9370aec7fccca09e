import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A client on a bare socket, which sends what no HTTP library would. */
export async function openSocket(base: string): Promise<{ socket: Socket; received: () => string; closed: Promise<unknown> }> {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  let seen = '';
  socket.on('data', (bytes) => {
    seen += bytes.toString('latin1');
  });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  return { socket, received: () => seen, closed };
}

/** All that is answered until the gateway closes the connection. */
export async function send(base: string, bytes: string): Promise<string> {
  const { socket, received, closed } = await openSocket(base);
  socket.write(bytes, 'latin1');
  await closed;
  return received();
}

/** The status codes of several answers on one connection. */
export function statuses(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
