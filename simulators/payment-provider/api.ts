import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from './api-error.ts';
import { type Delivery, send } from './delivery.ts';
import { route } from './routes.ts';
import type { Store } from './store/open.ts';

// Bytes of a request body; the longest real one is below 1 KiB.
const BODY_LIMIT = 16_384;

/** Answers one API request; returns its route, for the metrics. */
export async function serveApi(
  { store, delivery }: { readonly store: Store; readonly delivery: Delivery },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<string> {
  const url = new URL(request.url ?? '/', 'http://provider');
  const method = request.method ?? '';
  let matched: ReturnType<typeof route>;
  try {
    const body = method === 'POST' ? await readJson(request) : undefined;
    const key = request.headers['idempotency-key'];
    matched = route(store, {
      method,
      path: url.pathname,
      query: url.searchParams,
      key: typeof key === 'string' ? key : undefined,
      body,
    });
    if (!matched) throw new ApiError(404, 'not_found', 'No such route');
    await delivery.deliver(await matched.answer(), response);
  } catch (error: unknown) {
    if (!(error instanceof ApiError)) throw error;
    send(response, error.status, errorBody(error.code, error.message));
  }
  return matched?.route ?? 'unknown';
}

export function errorBody(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}

/** The body as JSON; undefined when there is none. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT) throw new ApiError(400, 'invalid_request', 'The body is too large');
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new ApiError(400, 'invalid_request', 'The body is not JSON');
  }
}
