import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { gatewayConfig } from '../../../gateway/config.ts';
import { startGateway } from '../../../gateway/server.ts';
import { loadConfig } from '../../../platform/config/load.ts';
import { createDatabase } from '../../support/database.ts';
import { fakeOrders } from './fake-orders.ts';
import { createIssuer, fakePayments, fakeProducts, fakeUsers } from './fake-services.ts';

export const API_KEY = 'test-key-0123456789abcdef';

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON object; empty when the answer is something else. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
};
export type Call = { readonly body?: unknown; readonly raw?: string; readonly headers?: Readonly<Record<string, string>> };

export type Shop = Awaited<ReturnType<typeof startShop>>;

/** The real gateway over real HTTP, in front of services that answer from memory. */
export async function startShop(options: {
  temporalAddress: string;
  taskQueue?: string;
  env?: Readonly<Record<string, string>>;
}) {
  const issuer = await createIssuer();
  const [users, products, orders, payments] = [
    await fakeUsers(issuer),
    await fakeProducts(),
    await fakeOrders(),
    await fakePayments(),
  ];
  const database = await createDatabase('gateway');
  const directory = await mkdtemp(join(tmpdir(), 'gateway-'));
  const seedFile = join(directory, 'seed.json');
  await writeFile(seedFile, JSON.stringify([{ id: 'test-shop', name: 'Test shop', tier: 'internal', key: API_KEY }]));
  const config = loadConfig(gatewayConfig, {
    GATEWAY_PORT: '0',
    GATEWAY_DATABASE_URL: database.url,
    GATEWAY_SEED_FILE: seedFile,
    USERS_ADDRESS: users.address,
    PRODUCTS_ADDRESS: products.address,
    ORDERS_ADDRESS: orders.address,
    PAYMENTS_ADDRESS: payments.address,
    TEMPORAL_ADDRESS: options.temporalAddress,
    LOG_LEVEL: 'fatal',
    ...options.env,
  });
  const gateway = await startGateway(config, options.taskQueue ? { taskQueue: options.taskQueue } : {});
  const base = `http://127.0.0.1:${gateway.listening.http}`;
  const customer: string = randomUUID();

  async function call(method: string, path: string, { body, raw, headers = {} }: Call = {}): Promise<Answer> {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const json = isJson ? jsonObject.parse(JSON.parse(text)) : {};
    return { status: response.status, headers: response.headers, body: json, text };
  }

  const token = (role = 'customer', userId = customer) => issuer.sign(userId, role);

  return {
    base,
    config,
    customer,
    issuer,
    users,
    products,
    orders,
    payments,
    gateway,
    call,
    async as(role: string, userId = customer) {
      return { Authorization: `Bearer ${await token(role, userId)}`, 'X-API-Key': API_KEY };
    },
    /** One order of one unit, by the shop's customer, under a new key unless one is given. */
    async order(given: { body?: object; key?: string; headers?: Readonly<Record<string, string>>; userId?: string } = {}) {
      const headers = {
        Authorization: `Bearer ${await token('customer', given.userId ?? customer)}`,
        'X-API-Key': API_KEY,
        'Idempotency-Key': given.key ?? randomUUID(),
        ...given.headers,
      };
      return call('POST', '/v1/orders', { body: { ...newOrder(), ...given.body }, headers });
    },
    async stop() {
      await gateway.stop();
      await Promise.all([users, products, orders, payments].map((service) => service.stop()));
      await database.drop();
      await rm(directory, { recursive: true });
    },
  };
}

const jsonObject = z.record(z.string(), z.unknown());

const PRODUCT = randomUUID();

export function newOrder(): { items: { product_id: string; quantity: number }[]; payment_method: string } {
  return { items: [{ product_id: PRODUCT, quantity: 1 }], payment_method: 'tok_ok' };
}
