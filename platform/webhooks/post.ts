import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { errorField } from '../persistence/error-field.ts';
import { AddressRefused, checkedLookup, checkLiteral, type Resolve, resolveBySystem } from './checked-lookup.ts';

// Milliseconds from the lookup of the name to the answer's status. A receiver that needs longer should queue the work.
const ANSWER_LIMIT_MS = 10_000;
// Bytes of an answer that are read and discarded, so that its sender is not cut off; then the connection is closed.
const DRAIN_MAX_BYTES = 16_384;

/** `why` is short and safe to show: of the receiver's answer it has the status only. */
export type Posted = { readonly ok: true } | { readonly ok: false; readonly why: string; readonly permanent: boolean };

export type Post = (letter: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}) => Promise<Posted>;

/**
 * POSTs to addresses that strangers have chosen: public ones only, unless `privateAddresses`; without redirects; with one time limit for
 * the complete exchange; never twice over one connection. Rejects only when `signal` is aborted.
 */
export function createPost(options: {
  readonly privateAddresses: boolean;
  readonly resolve?: Resolve;
  readonly limitMs?: number;
}): Post {
  const { privateAddresses, resolve = resolveBySystem, limitMs = ANSWER_LIMIT_MS } = options;
  const lookup = privateAddresses ? undefined : checkedLookup(resolve);
  return async ({ url, headers, body, signal }) => {
    const to = URL.parse(url);
    if (to?.protocol !== 'https:' && to?.protocol !== 'http:')
      return { ok: false, why: 'not an http or https URL', permanent: true };
    const late = AbortSignal.timeout(limitMs);
    try {
      if (!privateAddresses) checkLiteral(to.hostname);
      const status = await statusOf({ to, headers, body, lookup, signal: AbortSignal.any([signal, late]) });
      return judged(status);
    } catch (error: unknown) {
      signal.throwIfAborted();
      if (late.aborted) return { ok: false, why: `no answer within ${limitMs} ms`, permanent: false };
      return failed(error);
    }
  };
}

function statusOf(options: {
  readonly to: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly lookup: LookupFunction | undefined;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { to, headers, body, lookup, signal } = options;
  return new Promise((resolve, reject) => {
    const send = to.protocol === 'https:' ? requestHttps : requestHttp;
    const request = send(to, {
      method: 'POST',
      headers: { ...headers, 'Content-Length': String(Buffer.byteLength(body)) },
      // A kept-alive connection would be used without checking its address again.
      agent: false,
      signal,
      ...(lookup ? { lookup } : {}),
    });
    request.on('error', reject);
    // An answer that switches protocols raises neither an error nor a response: without this the call would never end.
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.on('close', () => reject(new Error('The connection ended without an answer')));
    request.on('response', (response) => {
      let bytes = 0;
      response.on('error', () => {});
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > DRAIN_MAX_BYTES) response.destroy();
      });
      resolve(response.statusCode ?? 0);
    });
    request.end(body);
  });
}

function judged(status: number): Posted {
  if (status >= 200 && status < 300) return { ok: true };
  if (status >= 300 && status < 400) return { ok: false, why: `HTTP ${status}: redirects are not followed`, permanent: false };
  // Gone: the receiver says that it will not return.
  return { ok: false, why: `HTTP ${status}`, permanent: status === 410 };
}

// Connection errors in words that operators read.
const CONNECTION_ERRORS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'the host could not be looked up',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
};

function failed(error: unknown): Posted {
  if (error instanceof AddressRefused) return { ok: false, why: `refused: ${error.message}`, permanent: false };
  const code = errorField(error, 'code') ?? 'no HTTP answer';
  return { ok: false, why: CONNECTION_ERRORS[code] ?? code, permanent: false };
}
