import * as z from 'zod';
import { looksLikeCardNumber } from '../../platform/text/card-number.ts';
import { ApiError } from './api-error.ts';
import {
  type Answer,
  cancelKey,
  captureCharge,
  createCharge,
  createRefund,
  openDispute,
  refundInBackOffice,
  voidCharge,
} from './charges.ts';
import { findById, findByKey } from './store/charges.ts';
import { readLedger } from './store/ledger.ts';
import type { Store } from './store/open.ts';
import { behaviourOf } from './tokens.ts';

export type ApiRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** The Idempotency-Key header. */
  readonly key: string | undefined;
  readonly body: unknown;
};

/** `manner` is how the answer is delivered: promptly, late, or never. */
export type ApiAnswer = {
  readonly route: string;
  readonly status: number;
  readonly body: string;
  readonly manner: 'prompt' | 'slow' | 'never';
};

type Handler = (store: Store, request: ApiRequest, id: string) => Promise<Omit<ApiAnswer, 'route'>>;

/** `{id}` stands for one path segment. */
const ROUTES: readonly { readonly method: string; readonly route: string; readonly handler: Handler }[] = [
  { method: 'POST', route: '/v1/charges', handler: postCharge },
  { method: 'GET', route: '/v1/charges', handler: findCharge },
  { method: 'GET', route: '/v1/charges/{id}', handler: getCharge },
  {
    method: 'POST',
    route: '/v1/charges/{id}/capture',
    handler: async (store, _, id) => json(200, await captureCharge(store, id)),
  },
  { method: 'POST', route: '/v1/charges/{id}/void', handler: async (store, _, id) => json(200, await voidCharge(store, id)) },
  { method: 'POST', route: '/v1/refunds', handler: postRefund },
  { method: 'POST', route: '/v1/cancellations', handler: postCancellation },
  { method: 'POST', route: '/v1/tokens/validate', handler: postValidation },
  // The provider's back office, for tests and demonstrations: what its people and banks do.
  { method: 'POST', route: '/back-office/charges/{id}/refund', handler: postBackOfficeRefund },
  { method: 'POST', route: '/back-office/charges/{id}/dispute', handler: postDispute },
  { method: 'GET', route: '/v1/ledger', handler: getLedger },
  { method: 'POST', route: '/v1/fraud/score', handler: postFraudScore },
];

const TABLE = ROUTES.map((entry) => ({ ...entry, pattern: new RegExp(`^${entry.route.replace('{id}', '([^/]+)')}$`) }));

/** The route and its answer; undefined when there is no such route. */
export function route(store: Store, request: ApiRequest): { readonly route: string; answer(): Promise<ApiAnswer> } | undefined {
  for (const { method, route, pattern, handler } of TABLE) {
    const match = method === request.method ? pattern.exec(request.path) : null;
    if (!match) continue;
    return { route, answer: async () => ({ route, ...(await handler(store, request, match[1] ?? '')) }) };
  }
  return undefined;
}

// Minor units by currency above which a fraud score is high; amounts of other currencies never are.
const LARGE_MINOR: ReadonlyMap<string, number> = new Map([
  ['EUR', 100_000],
  ['USD', 100_000],
]);

const minor = z.int().positive();
const word = z.string().min(1).max(255);
// A card number is no token, and this API takes none.
const token = word.refine((given) => !looksLikeCardNumber(given), 'must be a token');
const chargeSchema = z.object({
  amount_minor: minor,
  currency: z.string().regex(/^[A-Z]{3}$/),
  token,
  reference: word,
  capture: z.boolean(),
});
const refundSchema = z.object({ charge_id: word, amount_minor: minor });
const cancellationSchema = z.object({ idempotency_key: word });
const validationSchema = z.object({ token });
const fraudSchema = z.object({ amount_minor: minor, currency: word });
const backOfficeRefundSchema = z.object({ amount_minor: minor.optional() });
const ledgerSchema = z.object({
  since: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

async function postCharge(store: Store, { key, body }: ApiRequest) {
  const request = parse(chargeSchema, body);
  const answer = await createCharge(store, required(key), request);
  return { ...stored(answer), manner: mannerOf(request.token, answer) };
}

function mannerOf(token: string, answer: Answer): ApiAnswer['manner'] {
  const behaviour = behaviourOf(token);
  if (behaviour.kind !== 'charge' || behaviour.manner === 'prompt') return 'prompt';
  if (behaviour.manner === 'slow') return 'slow';
  return answer.fresh ? 'never' : 'prompt';
}

async function findCharge(store: Store, { query }: ApiRequest) {
  const { idempotency_key } = parse(cancellationSchema, Object.fromEntries(query));
  return json(200, { charge: await findByKey(store, idempotency_key) });
}

async function getCharge(store: Store, _: ApiRequest, id: string) {
  const charge = await findById(store, id);
  if (!charge) throw new ApiError(404, 'not_found', 'No such charge');
  return json(200, charge);
}

async function postBackOfficeRefund(store: Store, { body }: ApiRequest, id: string) {
  const { amount_minor: amountMinor } = parse(backOfficeRefundSchema, body ?? {});
  return json(201, await refundInBackOffice(store, id, amountMinor));
}

async function postDispute(store: Store, _: ApiRequest, id: string) {
  await openDispute(store, id);
  return json(200, { disputed: true });
}

async function postRefund(store: Store, { key, body }: ApiRequest) {
  return stored(await createRefund(store, required(key), parse(refundSchema, body)));
}

async function postCancellation(store: Store, { body }: ApiRequest) {
  return json(200, { charge: await cancelKey(store, parse(cancellationSchema, body).idempotency_key) });
}

/** A declined card is a card: only an unknown token is not valid. */
async function postValidation(_: Store, { body }: ApiRequest) {
  const behaviour = behaviourOf(parse(validationSchema, body).token);
  if (behaviour.kind === 'outage') throw new ApiError(503, 'unavailable', 'The provider is down');
  const unknown = behaviour.kind === 'refuse' && behaviour.code === 'invalid_token';
  return json(200, unknown ? { valid: false, code: behaviour.code } : { valid: true, code: null });
}

/** Stands in for a fraud scorer, which need not be the provider's: large amounts are suspicious, and nothing else is. */
async function postFraudScore(_: Store, { body }: ApiRequest) {
  const { amount_minor: amountMinor, currency } = parse(fraudSchema, body);
  const large = amountMinor > (LARGE_MINOR.get(currency) ?? Number.POSITIVE_INFINITY);
  return json(200, large ? { score: 40, reason: 'Large amounts are often disputed' } : { score: 0, reason: 'Nothing unusual' });
}

/** `since` is the id of the last entry that the caller has; `next_cursor` is null at the end. */
async function getLedger(store: Store, { query }: ApiRequest) {
  const page = parse(ledgerSchema, Object.fromEntries(query));
  const items = await readLedger(store, page);
  return json(200, { items, next_cursor: items.length === page.limit ? String(items.at(-1)?.id) : null });
}

function json(status: number, body: unknown) {
  return { status, body: JSON.stringify(body), manner: 'prompt' as const };
}

function stored({ status, body }: Answer) {
  return { status, body, manner: 'prompt' as const };
}

function parse<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new ApiError(400, 'invalid_request', problems.join('; '));
}

function required(key: string | undefined): string {
  if (!key || key.length > 255) throw new ApiError(400, 'invalid_request', 'An Idempotency-Key of 1 to 255 characters is needed');
  return key;
}
