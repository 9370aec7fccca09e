import { currentContext } from '../../platform/telemetry/context.ts';
import type { Middleware } from '../http/context.ts';
import { unauthenticated } from '../http/problem.ts';
import type { Caller } from './caller.ts';

const BEARER = /^Bearer ([\w.~+/-]+=*)$/i;

/** Identifies the calling user by `Authorization: Bearer`. A wrong token is always 401; a route decides whether it needs one. */
export function identifyCaller(verify: (token: string) => Promise<Caller>): Middleware {
  return async function identifyCallerMiddleware(ctx, next) {
    const header = ctx.get('authorization');
    if (header !== '') {
      const token = BEARER.exec(header)?.[1];
      if (token === undefined) throw unauthenticated('Authorization must be `Bearer` and an access token.');
      const caller = await verify(token);
      ctx.state.caller = caller;
      const context = currentContext();
      if (context) context.userId = caller.userId;
    }
    await next();
  };
}
