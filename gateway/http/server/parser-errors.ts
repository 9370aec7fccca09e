/** Answers what Node's HTTP parser refuses: without this, it is answered without a document, a log line and a count, or not at all. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import * as z from 'zod';
import type { MethodsAt } from '../middleware/known-methods.ts';
import { inNewestVersion } from '../middleware/newest-version.ts';
import { HttpProblem, methodNotAllowed, notHere } from '../problem.ts';
import type { BareProblems } from './bare-problems.ts';

type ParserErrorDeps = {
  readonly problems: BareProblems;
  readonly methodsAt: MethodsAt;
  /** Runs when the answers that are under way on a connection have been sent. */
  readonly afterAnswers: (socket: Duplex, run: () => void) => void;
};

const parserError = z.object({
  code: z.string(),
  rawPacket: z.instanceof(Buffer).optional(),
  bytesParsed: z.number().optional(),
});

// A connection that broke, or that its client has closed: there is nobody to answer.
const GONE = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT']);

export function answerParserErrors(server: Server, { problems, methodsAt, afterAnswers }: ParserErrorDeps): void {
  server.on('clientError', (error: unknown, socket: Duplex) => {
    const { code, rawPacket, bytesParsed = 0 } = parserError.safeParse(error).data ?? { code: 'unknown' };
    if (GONE.has(code) || !socket.writable) return void socket.destroy();
    const line = rawPacket && requestLine(rawPacket, bytesParsed);
    const problem = code === 'HPE_INVALID_METHOD' && line ? notThisMethod(methodsAt, line) : malformed(code, error);
    afterAnswers(socket, () => problems.onSocket(socket, problem, { url: line }));
  });
  server.on('connect', ({ method, url = '' }: IncomingMessage, socket: Duplex) => {
    afterAnswers(socket, () => problems.onSocket(socket, notThisMethod(methodsAt, url), { method, url }));
  });
  server.on('checkExpectation', (_: IncomingMessage, response: ServerResponse) => {
    problems.onResponse(response, refused(417, 'The only expectation that can be met is 100-continue.'));
  });
}

/** The path of the request line that the parser stopped at; undefined when it is none. */
function requestLine(packet: Buffer, at: number): string | undefined {
  const start = packet.lastIndexOf('\n', Math.max(0, at - 1)) + 1;
  return /^[!-~]+ (\/[!-~]*) HTTP\/1\.[01]\r?\n/.exec(packet.subarray(start).toString('latin1'))?.[1];
}

function notThisMethod(methodsAt: MethodsAt, url: string): HttpProblem {
  const methods = methodsAt(inNewestVersion(url.split('?')[0] ?? ''));
  return methods.length === 0 ? notHere() : methodNotAllowed(methods);
}

function malformed(code: string, cause: unknown): HttpProblem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return refused(431, 'The headers are too large.', cause);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return refused(408, 'The request did not arrive in time.', cause);
    default:
      return refused(400, 'This is not an HTTP request.', cause);
  }
}

function refused(status: number, detail: string, cause?: unknown): HttpProblem {
  return new HttpProblem({ reason: 'validation_failed', status, detail, cause });
}
