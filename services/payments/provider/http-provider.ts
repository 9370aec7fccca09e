import * as z from 'zod';
import { type Answered, createExchange } from '../../../platform/http/exchange.ts';
import { currentCall } from '../../../platform/rpc/call-scope.ts';
import { currentContext, traceparentOf } from '../../../platform/telemetry/context.ts';
import {
  type Charge,
  type PaymentProvider,
  ProviderUnavailable,
  REFUND_REFUSAL_CODES,
  REFUSAL_CODES,
  type RefundOutcome,
} from '../domain/provider.ts';

// Milliseconds for one call: above tok_slow's 3 s, and below the 8 s of the caller's RPC, so that payments reports a timeout before
// the caller gives up.
const DEADLINE_MS = 5_000;

// Third parties' text is checked before it is stored. Ids are visible ASCII, as keys are.
const providerId = z.string().regex(/^[\x21-\x7e]{1,255}$/);
// For people only: one that is not understood is left out, and no payment waits for it.
const methodSchema = z
  .object({ brand: z.string().regex(/^[\w -]{1,32}$/), last_four: z.string().regex(/^\d{4}$/) })
  .transform(({ brand, last_four: lastFour }) => ({ brand, lastFour }))
  .nullable()
  .catch(null);
const chargeRefundSchema = z
  .object({ id: providerId, amount_minor: z.int().min(1), idempotency_key: z.string().nullable() })
  .transform((refund) => ({ id: refund.id, amountMinor: refund.amount_minor, key: refund.idempotency_key }));
const chargeSchema = z
  .object({
    id: providerId,
    idempotency_key: z.string().nullable().default(null),
    captured_minor: z.int().min(0),
    currency: z.string(),
    payment_method: methodSchema.default(null),
    disputed: z.boolean().default(false),
    refunds: z.array(chargeRefundSchema).default([]),
  })
  .transform(
    (charge): Charge => ({
      id: charge.id,
      key: charge.idempotency_key,
      capturedMinor: charge.captured_minor,
      currency: charge.currency,
      method: charge.payment_method,
      disputed: charge.disputed,
      refunds: charge.refunds,
    }),
  );
const foundSchema = z.object({ charge: chargeSchema.nullable() });
const voidedSchema = z.object({ status: z.literal('voided') });
const validitySchema = z.object({ valid: z.boolean() });
const refundSchema = z.object({ id: providerId });
// A 402 is definite whatever its code says; a code that is new to us is a plain decline.
const refusalSchema = z.object({ error: z.object({ code: z.enum(REFUSAL_CODES).catch('declined') }) });
// A code that is new to us is a plain refusal as well.
const refundRefusalSchema = z.object({ error: z.object({ code: z.enum(REFUND_REFUSAL_CODES).catch('refused') }) });
// Statuses that are definite: the charge is unknown or does not allow the refund, or its key is cancelled.
const REFUND_REFUSED: ReadonlySet<number> = new Set([402, 404, 422]);

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
    const body = request.body && JSON.stringify(request.body);
    // Ends with the call that it belongs to. Work in which money may move is shielded from that (outliveCall).
    const signal = currentCall()?.signal;
    const answer = await exchange(method, path, { headers, body, signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new ProviderUnavailable(`${method} ${path} got no answer`, { cause: error });
    });
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
    async findCharge(chargeId) {
      const answer = await call('GET', `/v1/charges/${encodeURIComponent(chargeId)}`);
      return answer.status === 404 ? null : read(chargeSchema, expect(200, answer));
    },
    async cancelKey(key) {
      const answer = await call('POST', '/v1/cancellations', { body: { idempotency_key: key } });
      return read(foundSchema, expect(200, answer)).charge;
    },
    async refund({ key, chargeId, amountMinor }): Promise<RefundOutcome> {
      const answer = await call('POST', '/v1/refunds', { key, body: { charge_id: chargeId, amount_minor: amountMinor } });
      if (REFUND_REFUSED.has(answer.status)) return { kind: 'refused', code: read(refundRefusalSchema, answer.text).error.code };
      return { kind: 'refunded', ...read(refundSchema, expect(201, answer)) };
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
