import { createServer, type RequestListener } from 'node:http';
import { close } from '../../../platform/http/operations-server.ts';
import type { Logger } from '../../../platform/telemetry/logs.ts';
import type { Metrics } from '../../../platform/telemetry/metrics.ts';
import { createConnections } from '../../admission/connections.ts';
import type { MethodsAt } from '../middleware/known-methods.ts';
import { HttpProblem } from '../problem.ts';
import { createBareProblems } from './bare-problems.ts';
import { answerParserErrors } from './parser-errors.ts';

const SERVER_LIMITS = {
  // Bytes of all headers; an access token is about 500.
  maxHeaderSize: 16 * 1024,
  // Milliseconds in which a client must have sent its headers and its complete request: a slower one only holds a connection.
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  connectionsCheckingInterval: 2_000,
  // Longer than the 60 s after which load balancers usually drop an idle connection, so that they are the ones to drop it.
  keepAliveTimeout: 65_000,
  // Node would answer 400 without a document; `listener` answers it.
  requireHostHeader: false,
} as const;

// Milliseconds in which a request that has begun to arrive can still complete its headers when the gateway stops.
const ARRIVAL_GRACE_MS = 500;
// Milliseconds after which a gateway that stops waits no longer: the longest request, POST /orders, takes 30 s.
const DRAIN_LIMIT_MS = 35_000;

type HttpServerOptions = {
  readonly handle: RequestListener;
  readonly methodsAt: MethodsAt;
  readonly connectionsMax: number;
  /** Milliseconds. */
  readonly writeTimeoutMs: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
};

/** A server whose every answer is a problem document or comes from the app, and on which no client holds more than its share. */
export function createHttpServer(options: HttpServerOptions) {
  const { handle, methodsAt, connectionsMax, writeTimeoutMs } = options;
  const problems = createBareProblems(options);
  const connections = createConnections({
    writeTimeoutMs,
    refuse: problems.onResponse,
    handle(request, response) {
      // RFC 9112, 3.2.
      if (request.httpVersion === '1.1' && !request.headers.host) problems.onResponse(response, noHost());
      else handle(request, response);
    },
  });
  const server = createServer(SERVER_LIMITS, connections.listener);
  server.on('connection', connections.watch);
  // One more connection is closed without an answer.
  server.maxConnections = connectionsMax;
  answerParserErrors(server, { problems, methodsAt, afterAnswers: connections.afterAnswers });
  return {
    server,
    /** Waits for the requests in flight. Node checks no time limits of a server that closes. */
    async close(): Promise<void> {
      const timers = [
        setTimeout(connections.endUnused, ARRIVAL_GRACE_MS),
        setTimeout(() => server.closeAllConnections(), DRAIN_LIMIT_MS),
      ];
      await close(server);
      timers.forEach(clearTimeout);
    },
  };
}

function noHost(): HttpProblem {
  return new HttpProblem({ reason: 'validation_failed', status: 400, detail: 'The header Host is missing.' });
}
