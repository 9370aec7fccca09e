/** Problem documents for requests that never reach the app: logged and counted like every other answer. */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { contextFrom, withContext } from '../../../platform/telemetry/context.ts';
import type { Logger } from '../../../platform/telemetry/logs.ts';
import type { Metrics } from '../../../platform/telemetry/metrics.ts';
import type { HttpProblem } from '../problem.ts';
import { PROBLEM_TYPE, problemJson } from '../problems/problem-json.ts';

// The label of a request whose route is not known, and that of a method that is none.
const UNMATCHED = 'unmatched';
const UNKNOWN_METHOD = 'unknown';
// Milliseconds for a client to read the answer.
const LINGER_MS = 1_000;

export type BareProblems = ReturnType<typeof createBareProblems>;

/** What is known of the request; nothing when its first line could not be parsed. */
type Asked = { readonly method?: string | undefined; readonly url?: string | undefined };

export function createBareProblems({ logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics }) {
  /** Logs and counts the answer; returns its body and headers. The connection ends with it. */
  function render(problem: HttpProblem, { method = UNKNOWN_METHOD, url }: Asked) {
    const { status, reason, allow, retryAfterS, cause } = problem;
    const context = contextFrom(undefined);
    metrics.httpRequests.inc({ route: UNMATCHED, method, code: status });
    withContext(context, () => {
      logger.info({ method, route: UNMATCHED, status, reason, error: cause }, 'Refused a request before it was read');
    });
    const body = problemJson(problem, { traceId: context.traceId, url });
    const headers = {
      'Content-Type': PROBLEM_TYPE,
      'Content-Length': Buffer.byteLength(body),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-ID': context.traceId,
      ...(allow ? { Allow: allow.join(', ') } : {}),
      ...(retryAfterS === undefined ? {} : { 'Retry-After': retryAfterS }),
      Connection: 'close',
    };
    return { body, headers };
  }

  return {
    onResponse(response: ServerResponse, problem: HttpProblem): void {
      const { method, url } = response.req;
      const { body, headers } = render(problem, { method, url });
      response.writeHead(problem.status, headers).end(body);
    },

    /** On a connection that has no response object. */
    onSocket(socket: Duplex, problem: HttpProblem, asked: Asked): void {
      const { body, headers } = render(problem, asked);
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      const head = [`HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`, ...lines].join('\r\n');
      if (socket.writable) socket.end(`${head}\r\n\r\n${body}`);
      // Closing with unread bytes resets the connection, and the client may lose the answer.
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    },
  };
}
