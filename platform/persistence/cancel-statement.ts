import { connect } from 'node:net';
import type pg from 'pg';

// PostgreSQL's protocol, "CancelRequest": length, code, process and secret key, four bytes each.
const CANCEL_REQUEST_BYTES = 16;
const CANCEL_REQUEST_CODE = 80_877_102;
// Milliseconds for a new connection to a server that answers already.
const CANCEL_LIMIT_MS = 1_000;

/**
 * Cancels the running statement of a connection. The request goes over a second connection, without login, and PostgreSQL closes that one
 * after it has signalled the session: then this resolves. When the request fails or takes too long, it closes the first connection.
 */
export function cancelStatement(client: pg.Client): Promise<void> {
  return new Promise((resolve) => {
    const [processId, secretKey] = sessionOf(client);
    const request = Buffer.alloc(CANCEL_REQUEST_BYTES);
    request.writeInt32BE(CANCEL_REQUEST_BYTES, 0);
    request.writeInt32BE(CANCEL_REQUEST_CODE, 4);
    request.writeInt32BE(processId, 8);
    request.writeInt32BE(secretKey, 12);
    const { host, port } = client;
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    const failed = () => {
      socket.destroy();
      // While a statement is running, `end` closes the socket without waiting.
      client.end().catch(() => {});
    };
    socket.setTimeout(CANCEL_LIMIT_MS, failed);
    socket.on('error', failed);
    socket.on('close', () => resolve());
    socket.on('connect', () => socket.write(request));
    // Without a reader the end of the stream would not be seen.
    socket.resume();
  });
}

/** pg keeps them on every connected client, but does not declare them. */
function sessionOf(client: pg.Client): readonly [number, number] {
  const processId: unknown = Reflect.get(client, 'processID');
  const secretKey: unknown = Reflect.get(client, 'secretKey');
  if (typeof processId !== 'number' || typeof secretKey !== 'number') throw new Error('The connection has no session to cancel');
  return [processId, secretKey];
}
