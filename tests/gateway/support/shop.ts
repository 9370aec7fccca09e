import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { gatewayConfig } from '../../../gateway/config.ts';
import { startGateway } from '../../../gateway/server.ts';
import { loadConfig } from '../../../platform/config/load.ts';
import { createDatabase } from '../../../testkit/database.ts';
import { createIssuer } from '../../../testkit/fakes/issuer.ts';
import { expectDescribed } from './described.ts';
import { openInside } from './inside.ts';
import { openServices } from './services.ts';

export const API_KEY = 'test-key-0123456789abcdef';

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON object; empty when the answer is something else. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
};
export type Call = {
  readonly body?: unknown;
  /** Sent as it is, instead of a body. */
  readonly raw?: string | Buffer<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Another gateway than the shop's own. */
  readonly base?: string;
  readonly signal?: AbortSignal;
};
/** One order of one unit, by the shop's customer, under a new key unless one is given. */
export type Ordering = Pick<Call, 'base' | 'headers' | 'raw' | 'signal'> & {
  readonly body?: object;
  readonly key?: string;
  readonly userId?: string;
};

export type Shop = Awaited<ReturnType<typeof startShop>>;

/** The gateway over real HTTP, in front of real services. */
export async function startShop(options: {
  temporalAddress: string;
  taskQueue?: string;
  env?: Readonly<Record<string, string>>;
}) {
  const directory = await mkdtemp(join(tmpdir(), 'gateway-'));
  const write = async (name: string, content: string) => {
    const file = join(directory, name);
    await writeFile(file, content, { mode: 0o600 });
    return file;
  };
  const issuer = await createIssuer();
  const services = await openServices({ jwtKeysFile: await write('keys.json', await issuer.keysFile()) });
  const { users, products, orders, payments, notifications } = services;
  const database = await createDatabase('gateway');
  const client = { id: 'test-shop', name: 'Test shop', tier: 'internal', key: API_KEY };
  const config = loadConfig(gatewayConfig, {
    GATEWAY_PORT: '0',
    GATEWAY_DATABASE_URL: database.url,
    GATEWAY_SEED_FILE: await write('seed.json', JSON.stringify([client])),
    USERS_ADDRESS: users.address,
    PRODUCTS_ADDRESS: products.address,
    ORDERS_ADDRESS: orders.address,
    PAYMENTS_ADDRESS: payments.address,
    NOTIFICATIONS_ADDRESS: notifications.address,
    TEMPORAL_ADDRESS: options.temporalAddress,
    LOG_LEVEL: 'fatal',
    ...options.env,
  });
  const gateway = await startGateway(config, options.taskQueue ? { taskQueue: options.taskQueue } : {});
  const ours = `http://127.0.0.1:${gateway.listening.http}`;
  const inside = openInside(services);
  const customer = await inside.addCustomer();
  const product = await inside.addProduct();

  const call = caller(ours);
  const token = (role = 'customer', userId = customer) => issuer.sign(userId, role);

  const newOrder = () => ({ items: [{ product_id: product, quantity: 1 }], payment_method: 'tok_ok' });

  return {
    base: ours,
    config,
    customer,
    product,
    issuer,
    services,
    ...inside,
    gateway,
    call,
    newOrder,
    async as(role: string, userId = customer) {
      return { Authorization: `Bearer ${await token(role, userId)}`, 'X-API-Key': API_KEY };
    },
    async order({ body, key, userId, headers, ...how }: Ordering = {}) {
      const all = {
        Authorization: `Bearer ${await token('customer', userId ?? customer)}`,
        'X-API-Key': API_KEY,
        'Idempotency-Key': key ?? randomUUID(),
        ...headers,
      };
      return call('POST', '/v1/orders', { body: { ...newOrder(), ...body }, headers: all, ...how });
    },
    async stop() {
      await gateway.stop();
      inside.close();
      await services.close();
      await database.drop();
      await rm(directory, { recursive: true });
    },
  };
}

/** Calls a gateway, and checks each answer against its description. */
function caller(ours: string) {
  return async function call(
    method: string,
    path: string,
    { body, raw, headers = {}, base = ours, signal }: Call = {},
  ): Promise<Answer> {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { ...(sent === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers },
      ...(sent === undefined ? {} : { body: sent }),
      ...(signal ? { signal } : {}),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const json = isJson ? jsonObject.parse(JSON.parse(text)) : {};
    expectDescribed({ method, path, status: response.status, json: isJson ? json : undefined });
    return { status: response.status, headers: response.headers, body: json, text };
  };
}

const jsonObject = z.record(z.string(), z.unknown());

/** A text member of a body; fails when it is not one. */
export function textOf(body: Answer['body'], name: string): string {
  return z.string().parse(body[name]);
}

export async function timed<T>(work: Promise<T>): Promise<{ answer: T; tookMs: number }> {
  const startedMs = performance.now();
  const answer = await work;
  return { answer, tookMs: performance.now() - startedMs };
}
