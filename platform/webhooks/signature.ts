import { createHmac, timingSafeEqual } from 'node:crypto';

// Milliseconds between the time of a signature and its arrival: enough for clocks that differ and for one attempt, and short enough
// that a request that somebody has recorded is soon worth nothing.
const TOLERANCE_MS = 300_000;

/**
 * `t=<unix seconds>,v1=<hex>`: HMAC-SHA-256 over `<unix seconds>.<body>`. A receiver that knows the secret verifies the
 * sender, and by the time that the request is not replayed.
 */
export function signatureOf({ secret, body, at }: { readonly secret: string; readonly body: string; readonly at: Date }): string {
  const seconds = Math.floor(at.getTime() / 1_000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

/** Whether the body was signed with the secret, within the tolerance of now. A header may hold several `v1`, of old and new secrets. */
export function isSigned(given: {
  readonly secret: string;
  readonly body: string;
  /** As it came; of any form. */
  readonly signature: string;
  readonly now: Date;
}): boolean {
  const { secret, body, signature, now } = given;
  const parts = signature.split(',').map((part) => part.trim());
  const at = parts.find((part) => /^t=\d{1,12}$/.test(part));
  if (at === undefined) return false;
  const signedAt = new Date(Number(at.slice('t='.length)) * 1_000);
  if (Math.abs(now.getTime() - signedAt.getTime()) > TOLERANCE_MS) return false;
  const [, expected = ''] = signatureOf({ secret, body, at: signedAt }).split(',');
  return parts.filter((part) => part.startsWith('v1=')).some((part) => isEqual(part, expected));
}

/** In constant time for texts of one length. */
function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
