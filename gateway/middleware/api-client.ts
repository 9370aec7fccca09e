import type { ApiClient, Middleware } from '../context.ts';
import { unauthenticated } from '../problem.ts';

/** Who calls without a key: the tier with the smallest allowance. */
const ANONYMOUS: ApiClient = { id: 'anonymous', name: 'Anonymous', tier: 'anonymous' };

/** Names the calling application by `X-API-Key`; no key is the anonymous tier, a wrong one is refused. */
export function apiClient(find: (key: string) => Promise<ApiClient | undefined>): Middleware {
  return async function apiClientMiddleware(ctx, next) {
    const key = ctx.get('x-api-key');
    const client = key === '' ? ANONYMOUS : await find(key);
    if (!client) throw unauthenticated('The API key is not known.');
    ctx.state.client = client;
    await next();
  };
}
