import * as z from 'zod';
import { type Answered, createExchange } from '../../../platform/http/exchange.ts';
import { currentContext, traceparentOf } from '../../../platform/telemetry/context.ts';
import { type Charge, type PaymentProvider, ProviderUnavailable, REFUSAL_CODES } from '../domain/provider.ts';

// Milliseconds for one call: above tok_slow's 3 s, and below the 8 s of the caller's RPC, so that payments reports a timeout before
// the caller gives up.
const DEADLINE_MS = 5_000;

const chargeSchema = z
  .object({ id: z.string().min(1), captured_minor: z.int().min(0), currency: z.string() })
  .transform((charge): Charge => ({ id: charge.id, capturedMinor: charge.captured_minor, currency: charge.currency }));
const foundSchema = z.object({ charge: chargeSchema.nullable() });
const voidedSchema = z.object({ status: z.literal('voided') });
const validitySchema = z.object({ valid: z.boolean() });
const refundSchema = z.object({ id: z.string().min(1) });
// A 402 is definite whatever its code says; a code that is new to us is a plain decline.
const refusalSchema = z.object({ error: z.object({ code: z.enum(REFUSAL_CODES).catch('declined') }) });

/** The provider's HTTP API; the only file that knows it. */
export function httpProvider(options: { readonly url: string; readonly deadlineMs?: number }): PaymentProvider {
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const exchange = createExchange({ url: options.url, deadlineMs });

  async function call(method: 'GET' | 'POST', path: string, request: { key?: string; body?: object } = {}): Promise<Answered> {
    const context = currentContext();
    const headers: Record<string, string> = {
      ...(request.body ? { 'content-type': 'application/json' } : {}),
      ...(request.key ? { 'idempotency-key': request.key } : {}),
      ...(context ? { traceparent: traceparentOf(context) } : {}),
    };
    const answer = await exchange(method, path, { headers, body: request.body && JSON.stringify(request.body) }).catch(
      (error: unknown) => {
        throw new ProviderUnavailable(`${method} ${path} got no answer`, { cause: error });
      },
    );
    if (answer.status >= 500 || answer.status === 429) {
      throw new ProviderUnavailable(`${method} ${path} answered ${answer.status}`);
    }
    return answer;
  }

  return {
    deadlineMs,
    async charge({ key, reference, amountMinor, currency, token }) {
      const body = { amount_minor: amountMinor, currency, token, reference, capture: true };
      const answer = await call('POST', '/v1/charges', { key, body });
      if (answer.status === 402) return { kind: 'refused', code: read(refusalSchema, answer.text).error.code };
      return { kind: 'charged', charge: read(chargeSchema, expect(201, answer)) };
    },
    async findByKey(key) {
      const answer = await call('GET', `/v1/charges?idempotency_key=${encodeURIComponent(key)}`);
      return read(foundSchema, expect(200, answer)).charge;
    },
    async cancelKey(key) {
      const answer = await call('POST', '/v1/cancellations', { body: { idempotency_key: key } });
      return read(foundSchema, expect(200, answer)).charge;
    },
    async refund({ key, chargeId, amountMinor }) {
      const answer = await call('POST', '/v1/refunds', { key, body: { charge_id: chargeId, amount_minor: amountMinor } });
      return read(refundSchema, expect(201, answer));
    },
    async void(chargeId) {
      const answer = await call('POST', `/v1/charges/${encodeURIComponent(chargeId)}/void`);
      read(voidedSchema, expect(200, answer));
    },
    async knowsToken(token) {
      const answer = await call('POST', '/v1/tokens/validate', { body: { token } });
      return read(validitySchema, expect(200, answer)).valid;
    },
  };
}

/** The body of the expected answer. Anything else means that the provider and we disagree about the request. */
function expect(expected: number, answer: Answered): string {
  if (answer.status === expected) return answer.text;
  throw new Error(`The payment provider answered ${answer.status} instead of ${expected}`);
}

function read<T>(schema: z.ZodType<T>, text: string): T {
  return schema.parse(JSON.parse(text));
}
