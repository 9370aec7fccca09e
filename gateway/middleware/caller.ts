import { currentContext } from '../../platform/telemetry/context.ts';
import type { Caller, Ctx, Middleware, Role } from '../context.ts';
import { HttpProblem, unauthenticated } from '../problem.ts';

const BEARER = /^Bearer ([\w.~+/-]+=*)$/i;

/** Names the calling user by `Authorization: Bearer`; a wrong token is refused everywhere, a missing one where it is needed. */
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

/** The calling user; throws 401 without one. */
export function signedIn(ctx: Pick<Ctx, 'state'>): Caller {
  const { caller } = ctx.state;
  if (!caller) throw unauthenticated('This needs an access token.');
  return caller;
}

/** The calling user in one of these roles; throws 401 without a user and 403 in another role. */
export function inRole(ctx: Pick<Ctx, 'state'>, ...roles: readonly Role[]): Caller {
  const caller = signedIn(ctx);
  if (!roles.includes(caller.role)) {
    throw new HttpProblem({ reason: 'forbidden', detail: `This needs the role ${roles.join(' or ')}.` });
  }
  return caller;
}

/** Operators and admins see what belongs to anybody. */
export function seesEverything(caller: Caller): boolean {
  return caller.role !== 'customer';
}
