import { createHmac } from 'node:crypto';

/**
 * `t=<unix seconds>,v1=<hex>`: HMAC-SHA-256 over `<unix seconds>.<body>`. A receiver that knows the secret verifies the
 * sender, and by the time that the request is not replayed.
 */
export function signatureOf({ secret, body, at }: { readonly secret: string; readonly body: string; readonly at: Date }): string {
  const seconds = Math.floor(at.getTime() / 1_000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}
