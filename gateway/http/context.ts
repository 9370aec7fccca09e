import type Router from '@koa/router';
import type { RouterContext } from '@koa/router';
import type Koa from 'koa';
import type { ApiClient } from '../identity/api-client.ts';
import type { Caller } from '../identity/caller.ts';

/** Set by the middleware of app.ts, read by the routes. */
export type State = {
  client: ApiClient;
  /** Absent: the request has no token. */
  caller?: Caller;
  /** To be called when the request only waits from now on: returns its slot among the requests in flight (admission/in-flight.ts). */
  waits: () => void;
};

export type App = Koa<State>;
export type Ctx = Koa.ParameterizedContext<State>;
export type Routes = Router<State>;
export type RouteCtx = RouterContext<State>;
export type Middleware = (ctx: Ctx, next: Koa.Next) => Promise<void>;
