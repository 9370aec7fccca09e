import type { Middleware } from '../http/context.ts';
import { unauthenticated } from '../http/problem.ts';
import { ANONYMOUS, type ApiClient } from './api-client.ts';

/** Identifies the calling application by `X-API-Key`. Without a key it is anonymous; an unknown key is 401. */
export function identifyClient(find: (key: string) => Promise<ApiClient | undefined>): Middleware {
  return async function identifyClientMiddleware(ctx, next) {
    const key = ctx.get('x-api-key');
    const client = key === '' ? ANONYMOUS : await find(key);
    if (!client) throw unauthenticated('The API key is not known.');
    ctx.state.client = client;
    await next();
  };
}
