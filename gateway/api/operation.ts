/** One route of the gateway, described once: what serves it and what documents it read the same schemas. */
import type * as z from 'zod';
import type { Reason } from '../../contracts/reasons.ts';
import type { Ctx, Role, RouteCtx, Routes } from '../context.ts';
import { inRole, signedIn } from '../middleware/caller.ts';

export const TAGS = ['users', 'authentication', 'products', 'orders', 'payments', 'events', 'documentation'] as const;

export type AnswerDescription = {
  readonly description: string;
  /** Absent: no body, or one that is not JSON. */
  readonly schema?: z.ZodType;
  /** Of a body that is not JSON. */
  readonly contentType?: string;
  /** Response headers by name, with their meaning. */
  readonly headers?: Readonly<Record<string, string>>;
};

export type Operation = {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** As the router takes it, `:id` being the only parameter. */
  readonly path: `/${string}`;
  readonly tag: (typeof TAGS)[number];
  readonly summary: string;
  readonly description?: string;
  /** Who may call: anyone, any user with a token, or users in one of these roles. */
  readonly access: 'anyone' | 'signed-in' | readonly Role[];
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Request headers with a meaning of their own here. */
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly required?: boolean }>>;
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** Reasons beside those that follow from the access, the input and the network. */
  readonly problems?: readonly Reason[];
};

/** Serves an operation to those whom its description admits. */
export function serve(routes: Routes, operation: Operation, handler: (ctx: RouteCtx) => Promise<void> | void): void {
  const { path } = operation;
  const answer = async (ctx: RouteCtx) => {
    admit(ctx, operation.access);
    await handler(ctx);
  };
  switch (operation.method) {
    case 'GET':
      return void routes.get(path, answer);
    case 'POST':
      return void routes.post(path, answer);
    case 'PUT':
      return void routes.put(path, answer);
    case 'DELETE':
      return void routes.delete(path, answer);
  }
}

function admit(ctx: Pick<Ctx, 'state'>, access: Operation['access']): void {
  if (access === 'anyone') return;
  if (access === 'signed-in') signedIn(ctx);
  else inRole(ctx, ...access);
}
