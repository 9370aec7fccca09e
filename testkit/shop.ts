import { randomUUID } from 'node:crypto';
import * as z from 'zod';

const money = z.object({ amount_minor: z.number(), currency: z.string() });
const orderBody = z
  .object({
    id: z.string(),
    status: z.string(),
    saga_state: z.string(),
    total: money.nullish(),
    failure: z.object({ step: z.string().nullish(), reason: z.string() }).nullish(),
    history: z.array(z.object({ status: z.string(), at: z.string() })).default([]),
  })
  .loose();
const problemBody = z.object({ reason: z.string(), step: z.string().nullish(), order_id: z.string().default('') }).loose();

export type OrderBody = z.infer<typeof orderBody>;
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: OrderBody;
  readonly problem: z.infer<typeof problemBody>;
};
export type OrderRequest = { items: { product_id: string; quantity: number }[]; payment_method: string };
export type Shop = Awaited<ReturnType<typeof createShop>>;

export type Facts = {
  readonly gateway: string;
  readonly provider: string;
  readonly api_key: string;
  readonly bench_api_key: string;
  readonly customer: { readonly email: string; readonly password: string };
  readonly admin: { readonly email: string; readonly password: string };
};

const NO_ORDER: OrderBody = { id: '', status: '', saga_state: '', history: [] };
const NO_PROBLEM = { reason: '', order_id: '' };

/** A shop's front end and its admin, speaking to a running platform over HTTP. */
export async function createShop(facts: Facts) {
  async function call(method: string, path: string, body: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(`${facts.gateway}/v1${path}`, {
      method,
      headers: { 'X-API-Key': facts.bench_api_key, 'Content-Type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json: unknown = await response.json();
    return { status: response.status, headers: response.headers, json };
  }
  async function login(user: { email: string; password: string }): Promise<Record<string, string>> {
    const { json } = await call('POST', '/auth/login', { email: user.email, password: user.password });
    return { Authorization: `Bearer ${z.object({ access_token: z.string() }).parse(json).access_token}` };
  }
  const customer = await login(facts.customer);
  const admin = await login(facts.admin);
  const product = z.object({ id: z.string(), stock_quantity: z.number().optional(), available_quantity: z.number() });

  return {
    customer,
    admin,
    call,
    async createProduct({ stock, priceMinor }: { stock: number; priceMinor: number }) {
      const body = {
        sku: `sku-${randomUUID()}`,
        name: 'A thing',
        price: { amount_minor: priceMinor, currency: 'EUR' },
        stock_quantity: stock,
      };
      const { json } = await call('POST', '/products', body, { ...admin, 'Idempotency-Key': randomUUID() });
      return product.parse(json);
    },
    async stockOf(id: string) {
      const { json } = await call('GET', `/products/${id}`, undefined, admin);
      const seen = z.object({ stock_quantity: z.number(), available_quantity: z.number() }).parse(json);
      return { stock: seen.stock_quantity, available: seen.available_quantity };
    },
    async order(body: OrderRequest, key: string = randomUUID(), headers: Record<string, string> = {}): Promise<Answer> {
      const answer = await call('POST', '/orders', body, { ...customer, 'Idempotency-Key': key, ...headers });
      const ok = answer.status < 300;
      return {
        status: answer.status,
        headers: answer.headers,
        body: ok ? orderBody.parse(answer.json) : NO_ORDER,
        problem: ok ? NO_PROBLEM : problemBody.parse(answer.json),
      };
    },
    /** A command to an order: an admin's where only those may, the customer's otherwise. */
    async command(id: string, path: string, body: object, key?: string) {
      const who = path === 'cancel' || path === 'returns' ? customer : admin;
      return call('POST', `/orders/${id}/${path}`, body, { ...who, ...(key === undefined ? {} : { 'Idempotency-Key': key }) });
    },
    async getOrder(id: string): Promise<OrderBody> {
      const { json } = await call('GET', `/orders/${id}`, undefined, customer);
      return orderBody.parse(json);
    },
    /** What the provider took for an order, from the provider's own books. */
    async chargesOf(orderId: string) {
      const response = await fetch(`${facts.provider}/v1/ledger?limit=1000`);
      const { items } = z
        .object({ items: z.array(z.object({ kind: z.string(), amount_minor: z.number(), reference: z.string() })) })
        .parse(await response.json());
      return items
        .filter((entry) => entry.reference === orderId && entry.kind === 'capture')
        .map(({ amount_minor }) => ({ amount_minor }));
    },
  };
}
