import type { RouteCtx } from './context.ts';

// The same for every caller, so any cache may keep it. Stock changes by the second, so it is revalidated before each use.
const REVALIDATE = 'public, no-cache';

// RFC 9110: an opaque tag in quotes, weak or not.
const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Answers a body under a tag, or 304 to a caller that has it (If-None-Match of RFC 9110). The tag is weak: another release
 * may write the same state differently.
 */
export function answerTagged(ctx: RouteCtx, tag: string, body: object): void {
  ctx.set('ETag', `W/"${tag}"`);
  ctx.set('Cache-Control', REVALIDATE);
  if (hasAlready(ctx.get('if-none-match'), tag)) ctx.status = 304;
  else ctx.body = body;
}

// Not Koa's `fresh`: it answers 200 to a request with Cache-Control: no-cache, which browsers send with a tag set by a script.
function hasAlready(header: string, tag: string): boolean {
  if (header.trim() === '*') return true;
  return [...header.matchAll(ENTITY_TAG)].some(([, opaque]) => opaque === `"${tag}"`);
}
