import { createHash } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import type { RouteCtx } from './context.ts';
import { HttpProblem } from './problem.ts';

// 1 to 255 visible ASCII characters, as the Idempotency-Key draft and those who implement it agree. No space: Node joins a header
// that was sent twice with a comma and a space.
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** The caller's Idempotency-Key; undefined when there is none. Throws 400 for one that is malformed. */
function idempotencyKey(ctx: RouteCtx): string | undefined {
  const key = ctx.get('idempotency-key');
  if (key === '') return undefined;
  if (!IDEMPOTENCY_KEY.test(key)) throw keyMissing('Idempotency-Key must be 1 to 255 visible ASCII characters, sent once.');
  return key;
}

/** `what` is made under the key. */
export function requiredIdempotencyKey(ctx: RouteCtx, what: 'order' | 'webhook'): string {
  const key = idempotencyKey(ctx);
  if (key === undefined)
    throw keyMissing(`This needs an Idempotency-Key header, new for every ${what} and the same in every retry.`);
  return key;
}

/**
 * The caller's key inside what is the caller's: two applications, or two users, may choose the same one. Without a key every
 * request is its own.
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
