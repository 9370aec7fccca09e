/** One route of the gateway: its operation, from which the API document is made, and the handler that serves it. */
import type * as z from 'zod';
import type { Reason } from '../../contracts/reasons.ts';
import { inRole, type Role, signedIn } from '../identity/caller.ts';
import type { Ctx, RouteCtx, Routes } from './context.ts';

export const TAGS = ['users', 'authentication', 'products', 'orders', 'payments', 'webhooks', 'events', 'documentation'] as const;

export type AnswerDescription = {
  readonly description: string;
  /** Absent: no body, or one that is not JSON. */
  readonly schema?: z.ZodType;
  /** A body in the schema's shape. */
  readonly example?: unknown;
  /** The type of a body that is not JSON. */
  readonly contentType?: string;
  /** Response headers by name, with their meaning. */
  readonly headers?: Readonly<Record<string, string>>;
};

export type Operation = {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** The router's pattern; `:id` is the only parameter. */
  readonly path: `/${string}`;
  readonly tag: (typeof TAGS)[number];
  readonly summary: string;
  readonly description?: string;
  /** Who may call: anyone, any user with a token, or users in one of these roles. */
  readonly access: 'anyone' | 'signed-in' | readonly Role[];
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Request headers that this operation reads. */
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly required?: boolean }>>;
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** Reasons in addition to those that follow from the access, the input and the network. */
  readonly problems?: readonly Reason[];
};

export type Handler = (ctx: RouteCtx) => Promise<void> | void;

export type Route<Deps> = {
  readonly operation: Operation;
  /** Called once, when the gateway starts. */
  readonly handler: (deps: Deps) => Handler;
};

/** Serves an operation to the callers that it admits. */
export function serve(router: Routes, { method, path, access }: Operation, handler: Handler): void {
  const admitted: Handler = async (ctx) => {
    admit(ctx, access);
    await handler(ctx);
  };
  switch (method) {
    case 'GET':
      return void router.get(path, admitted);
    case 'POST':
      return void router.post(path, admitted);
    case 'PUT':
      return void router.put(path, admitted);
    case 'DELETE':
      return void router.delete(path, admitted);
  }
}

function admit(ctx: Pick<Ctx, 'state'>, access: Operation['access']): void {
  if (access === 'anyone') return;
  if (access === 'signed-in') signedIn(ctx);
  else inRole(ctx, access);
}
