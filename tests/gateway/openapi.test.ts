import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pino from 'pino';
import * as z from 'zod';
import { createRouter, OPERATIONS } from '../../gateway/app.ts';
import { openClients } from '../../gateway/clients.ts';
import type { Operation } from '../../gateway/http/route.ts';
import { createOrderFeed, createStateReader } from '../../gateway/orders/feed.ts';
import { createOrderMetrics } from '../../gateway/orders/metrics.ts';
import { createOrderReader } from '../../gateway/orders/read.ts';
import { openOrderWorkflow } from '../../gateway/orders/workflow/workflow.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { type Shop, startShop } from './support/shop.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

const documentSchema = z.object({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), z.object({ operationId: z.string() }))),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

async function served() {
  const answer = await shop.call('GET', '/openapi.json');
  expect(answer.status).toBe(200);
  return { text: answer.text, document: documentSchema.parse(answer.body) };
}

/** A path of the operation that names something of the caller's, or nothing at all. */
function pathOf({ path }: Operation, id: string = randomUUID()): string {
  return path.replace(':id', id);
}

/** Somebody who may call it. */
function roleFor({ access }: Operation): string {
  return typeof access === 'string' ? 'customer' : (access[0] ?? 'customer');
}

const operations = OPERATIONS.map((operation) => [operation.id, operation] as const);
// A provider's event shows its signature before its body is parsed, and may hold more fields (provider-events.test.ts).
const withBody = operations.filter(([id, { body }]) => body && id !== 'receiveProviderEvent');
const withQuery = operations.filter(([, { query }]) => query);
const restricted = operations.filter(([, { access }]) => access !== 'anyone');
const forRoles = operations.filter(([, { access }]) => typeof access !== 'string');
const publicOnes = operations.filter(([, { access, method }]) => access === 'anyone' && method === 'GET');

test('every route of the router is in the document, and every operation of the document is served', async () => {
  const { signal } = new AbortController();
  const logger = pino({ level: 'silent' });
  const metrics = createMetrics('test', '0');
  const clients = openClients(shop.config);
  const workflow = await openOrderWorkflow({ config: shop.config, logger, stopping: signal });
  const orderReader = createOrderReader({ orders: clients.orders, workflow });
  const readState = createStateReader(orderReader);
  const router = createRouter({
    logger,
    metrics,
    health: { version: '0', metrics, required: {}, optional: {}, draining: () => false },
    clients,
    workflow,
    orderReader,
    orderFeed: createOrderFeed({ readState, streamsMax: 1, streamsPerUserMax: 1, stopping: signal, logger }),
    orderMetrics: createOrderMetrics(metrics.registry),
    findApiClient: async () => undefined,
    verifyToken: async () => ({ userId: '', role: 'customer' }),
    providerWebhookSecret: undefined,
    returnWindowMs: 1,
    requestsMax: 1,
    requestsPerCallerMax: 1,
    defaultWaitMs: 0,
    stepLimitMs: 0,
  });
  const routes = router.stack.flatMap(({ path, methods }) =>
    methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${String(path).replace(/:(\w+)/g, '{$1}')}`),
  );
  const { document } = await served();
  const described = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(routes.toSorted()).toEqual(described.toSorted());
  expect(described.length).toBeGreaterThan(20);
  clients.close();
  await workflow.close();
});

test('the document is OpenAPI 3.1, every reference in it leads somewhere and every operation has its own name', async () => {
  const { document, text } = await served();
  expect(document.openapi).toMatch(/^3\.1\./);
  const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? '');
  expect(names.length).toBeGreaterThan(20);
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(names));
  expect(text).not.toMatch(/\$defs|"\$schema"/);
  const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId));
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(withBody)('%s names every field that it does not know', async (_, operation) => {
  const headers = { ...(await shop.as(roleFor(operation))), 'Idempotency-Key': randomUUID() };
  const answer = await shop.call(operation.method, pathOf(operation, shop.customer), { body: { 'a/b': 1, other: {} }, headers });
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({ reason: 'validation_failed' });
  const unknown = ['/a~1b', '/other'].map((pointer) => ({ pointer, detail: 'is not a known field' }));
  expect(answer.body.errors).toEqual(expect.arrayContaining(unknown));
});

test.each(withBody)('%s takes JSON only', async (_, operation) => {
  const path = pathOf(operation, shop.customer);
  const headers = { ...(await shop.as(roleFor(operation))), 'Content-Type': 'text/plain' };
  expect((await shop.call(operation.method, path, { raw: '{}', headers })).status).toBe(415);
  const broken = await shop.call(operation.method, path, { raw: '{', headers: await shop.as(roleFor(operation)) });
  expect(broken.status).toBe(400);
});

test.each(withQuery)('%s names every parameter that it does not know', async (_, operation) => {
  const answer = await shop.call(operation.method, `${operation.path}?page=2`, { headers: await shop.as(roleFor(operation)) });
  expect(answer.status).toBe(422);
  expect(answer.body.errors).toEqual([{ pointer: '/page', detail: 'is not a known field' }]);
});

test.each(withQuery)('%s refuses a cursor that was tampered with', async (_, operation) => {
  const name = operation.id === 'listEvents' ? 'after' : 'cursor';
  const answer = await shop.call(operation.method, `${operation.path}?${name}=tampered`, {
    headers: await shop.as(roleFor(operation)),
  });
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ reason: 'validation_failed', errors: [{ pointer: `/${name}` }] });
});

test.each(restricted)('%s without a token is 401', async (_, operation) => {
  const answer = await shop.call(operation.method, pathOf(operation), operation.body ? { body: {} } : {});
  expect(answer.status).toBe(401);
  expect(answer.body).toMatchObject({ reason: 'unauthenticated' });
});

test.each(forRoles)('%s in another role is 403', async (_, operation) => {
  const given = { ...(operation.body ? { body: {} } : {}), headers: await shop.as('customer') };
  const answer = await shop.call(operation.method, pathOf(operation), given);
  expect(answer.status).toBe(403);
  expect(answer.body).toMatchObject({ reason: 'forbidden' });
});

test.each(operations.filter(([, { path }]) => path.includes(':id')))('%s of what is no id is 404', async (_, operation) => {
  const given = { ...(operation.body ? { body: {} } : {}), headers: await shop.as(roleFor(operation)) };
  const answer = await shop.call(operation.method, pathOf(operation, 'mug'), given);
  expect(answer.status).toBe(404);
});

test.each(publicOnes)('%s needs no token', async (_, operation) => {
  const answer = await shop.call(operation.method, pathOf(operation));
  expect([200, 404]).toContain(answer.status);
});
