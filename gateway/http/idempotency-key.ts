import { createHash } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import { idempotencyKey as idempotencyKeyField } from '../../platform/rpc/fields.ts';
import type { RouteCtx } from './context.ts';
import { HttpProblem } from './problem.ts';

/** The header, by whose name the API document knows the operations that take a key. */
export const IDEMPOTENCY_KEY = 'Idempotency-Key';

/** The caller's Idempotency-Key; undefined when there is none. Throws 400 for one that is malformed. */
function idempotencyKey(ctx: RouteCtx): string | undefined {
  if (ctx.req.headers[IDEMPOTENCY_KEY.toLowerCase()] === undefined) return undefined;
  const key = ctx.get(IDEMPOTENCY_KEY);
  // No space is allowed: Node joins a header that was sent twice with a comma and a space.
  if (!idempotencyKeyField.safeParse(key).success)
    throw keyMissing('Idempotency-Key must be 1 to 255 visible ASCII characters, sent once.');
  return key;
}

/** The key under which the caller creates `what`. Throws 400 without one. */
export function requiredIdempotencyKey(ctx: RouteCtx, what: 'order' | 'webhook'): string {
  const key = idempotencyKey(ctx);
  if (key === undefined)
    throw keyMissing(`This needs an Idempotency-Key header, new for every ${what} and the same in every retry.`);
  return key;
}

/**
 * The key scoped to the operation, the application and the user: two callers may choose the same one. A request without a key gets
 * a new one.
 */
export function scopedKey(ctx: RouteCtx, operation: string): string {
  const key = idempotencyKey(ctx);
  if (key === undefined) return `gateway:${operation}:${uuid()}`;
  const scope = JSON.stringify([ctx.state.client.id, ctx.state.caller?.userId ?? '', key]);
  return `gateway:${operation}:${createHash('sha256').update(scope).digest('hex')}`;
}

function keyMissing(detail: string): HttpProblem {
  return new HttpProblem({ reason: 'idempotency_key_missing', detail });
}
