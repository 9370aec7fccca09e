import { createHmac } from 'node:crypto';

/**
 * `t=<unix seconds>,v1=<hex>`: HMAC-SHA-256 over `<unix seconds>.<body>`. Whoever knows the secret can tell that the body is
 * ours, and by the time in it that it is no recording.
 */
export function signatureOf({ secret, body, at }: { readonly secret: string; readonly body: string; readonly at: Date }): string {
  const seconds = Math.floor(at.getTime() / 1_000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
