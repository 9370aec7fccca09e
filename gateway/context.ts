import type Router from '@koa/router';
import type { RouterContext } from '@koa/router';
import type Koa from 'koa';

/** The application that calls, named by its API key. */
export type ApiClient = { readonly id: string; readonly name: string; readonly tier: Tier };

export const TIERS = ['anonymous', 'free', 'professional', 'enterprise', 'internal'] as const;
export type Tier = (typeof TIERS)[number];

export const ROLES = ['customer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** The user that calls, named by the access token. */
export type Caller = { readonly userId: string; readonly role: Role };

/** What the middleware of app.ts leaves for the routes. */
export type State = {
  client: ApiClient;
  /** Absent: no token was sent. */
  caller?: Caller;
};

export type App = Koa<State>;
export type Ctx = Koa.ParameterizedContext<State>;
export type Routes = Router<State>;
export type RouteCtx = RouterContext<State>;
export type Middleware = (ctx: Ctx, next: Koa.Next) => Promise<void>;
