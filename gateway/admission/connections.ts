/**
 * Bounds what one connection costs.
 *
 * CN1 Node starts every request that a client has pipelined; here at most `REQUESTS_MAX` of one connection are in flight. The next one
 *     is refused, and the connection ends after that answer: what follows on it is not answered.
 * CN2 Requests that are not answered take memory until their connection ends, so all connections together have a bound of them.
 *     Beyond it the connection ends immediately.
 * CN3 An answer that its client does not take within the write timeout ends the connection.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HttpProblem } from '../http/problem.ts';
import { overloaded } from './in-flight.ts';

// Requests in flight on one connection. Browsers and HTTP libraries send one at a time; proxies that pipeline send a few.
const REQUESTS_MAX = 10;
// Requests of all connections together that will not be answered, 5 KB each.
const UNANSWERED_MAX = 5_000;

type Connection = {
  /** In the order of their requests, which is that of their answers. */
  readonly open: Set<ServerResponse>;
  refused: boolean;
  unanswered: number;
  timer: NodeJS.Timeout | undefined;
};

type ConnectionsOptions = {
  /** Milliseconds. */
  readonly writeTimeoutMs: number;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => unknown;
  readonly refuse: (response: ServerResponse, problem: HttpProblem) => void;
};

export function createConnections({ writeTimeoutMs, handle, refuse }: ConnectionsOptions) {
  const connections = new Map<Duplex, Connection>();
  let unanswered = 0;

  function watch(socket: Socket): void {
    const connection: Connection = { open: new Set(), refused: false, unanswered: 0, timer: undefined };
    connections.set(socket, connection);
    // Node stops listening after the first error; a second one would end the process.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      connections.delete(socket);
      clearTimeout(connection.timer);
      unanswered -= connection.unanswered;
      // Node emits this for the response at the head of the connection only.
      for (const response of connection.open) response.emit('close');
    });
  }

  const listener: RequestListener = (request, response) => {
    const { socket } = request;
    const connection = connections.get(socket);
    // It has ended.
    if (!connection) return;
    if (connection.refused) {
      connection.unanswered += 1;
      unanswered += 1;
      if (unanswered > UNANSWERED_MAX) socket.destroy();
      return;
    }
    connection.refused = connection.open.size >= REQUESTS_MAX;
    connection.open.add(response);
    response.once('prefinish', () => limitSending(socket, connection, writeTimeoutMs));
    response.once('close', () => {
      connection.open.delete(response);
      limitSending(socket, connection, writeTimeoutMs);
    });
    if (!connection.refused) handle(request, response);
    else {
      socket.pause();
      refuse(response, overloaded('Too many requests are in flight on this connection.'));
    }
  };

  return {
    watch,
    listener,
    /** Ends the connections that have no request in flight. */
    endUnused(): void {
      for (const [socket, { open }] of connections) if (open.size === 0) socket.destroy();
    },
    /** Runs when the answers that are under way on a connection have been sent: bytes between them would belong to one of them. */
    afterAnswers(socket: Duplex, run: () => void): void {
      const last = [...(connections.get(socket)?.open ?? [])].at(-1);
      if (last) last.once('close', run);
      else run();
    },
  };
}

/** CN3: from the end of the answer at the head of the connection until the client's kernel has taken it. */
function limitSending(socket: Socket, connection: Connection, limitMs: number): void {
  clearTimeout(connection.timer);
  const [head] = connection.open;
  if (head?.writableEnded && !socket.destroyed) connection.timer = setTimeout(() => socket.destroy(), limitMs).unref();
}
