/** Lists of orders: the own ones for customers, everybody's for operators, each by what can be asked. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { listOrders, orderQuery } from '../../gateway/orders/list.ts';
import { eventually } from '../../testkit/eventually.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { type Answer, textOf } from './support/shop.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform.stop());

const OPERATOR = randomUUID();
const list = async (query: string, role = 'operator', userId: string = OPERATOR): Promise<Answer> =>
  platform.call('GET', `/v1/orders${query}`, { headers: await platform.as(role, userId) });

const pageSchema = z.object({ items: z.array(z.object({ id: z.string() })), next_cursor: z.string().nullable() });

function idsOf({ status, body }: Answer): string[] {
  expect(status).toBe(200);
  return pageSchema.parse(body).items.map(({ id }) => id);
}

/** The ids of every page; each page is at most as long as asked for. */
async function all(query: string, limit: number): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const answer = await list(`?limit=${limit}${query}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    const ids = idsOf(answer);
    expect(ids.length).toBeLessThanOrEqual(limit);
    found.push(...ids);
    cursor = pageSchema.parse(answer.body).next_cursor;
  }
  return found;
}

async function ordered(userId: string, payment_method = 'tok_ok'): Promise<string> {
  const { body } = await platform.order({ userId, body: { payment_method } });
  return textOf(body, payment_method === 'tok_ok' ? 'id' : 'order_id');
}

test("an operator lists everybody's orders, or one user's; a customer the own ones alone", async () => {
  const [ada, bob] = [await platform.addCustomer(), await platform.addCustomer()];
  const [hers, his] = [await ordered(ada), await ordered(bob)];
  expect(idsOf(await list(''))).toEqual(expect.arrayContaining([hers, his]));
  for (const role of ['operator', 'admin']) expect(idsOf(await list(`?user_id=${ada}`, role))).toEqual([hers]);
  expect(idsOf(await list('', 'customer', bob))).toEqual([his]);
  expect(idsOf(await list('', 'customer', randomUUID()))).toEqual([]);
  // An operator's own orders are asked for like anybody's.
  expect(idsOf(await list(`?user_id=${OPERATOR}`))).toEqual([]);
});

test('orders are found by status, by time and by the step that failed', async () => {
  const ada = await platform.addCustomer();
  const [paid, declined] = [await ordered(ada), await ordered(ada, 'tok_declined')];
  const createdAt = (await platform.recordOf(declined)).createdAt?.toISOString();
  const own = (query: string) => list(query, 'customer', ada);
  expect(idsOf(await own('?status=PAID'))).toEqual([paid]);
  expect(idsOf(await own(`?from=${createdAt}`))).toEqual([declined]);
  expect(idsOf(await own(`?to=${createdAt}`))).toEqual([paid]);
  expect(idsOf(await own(`?to=${createdAt}&status=CANCELLED`))).toEqual([]);
  expect(idsOf(await own('?from=2026-01-01'))).toEqual([declined, paid]);
  expect(idsOf(await own('?from=2026-01-01&to=2026-01-02T01:00:00%2B01:00'))).toEqual([]);
  expect(idsOf(await list(`?user_id=${ada}&failed_step=ProcessPayment`))).toEqual([declined]);
  expect(idsOf(await list(`?user_id=${ada}&failed_step=CreateOrder`))).toEqual([]);
});

test('a customer who asks by what is for operators is refused with its name', async () => {
  const [ada] = [platform.customer];
  const answer = await list(`?user_id=${ada}&failed_step=ProcessPayment&needs_attention=true`, 'customer', ada);
  expect(answer).toMatchObject({ status: 403, body: { reason: 'forbidden' } });
  const names = ['/user_id', '/failed_step', '/needs_attention'];
  expect(answer.body.errors).toEqual(names.map((pointer) => ({ pointer, detail: 'is for operators' })));
  expect((await platform.call('GET', '/v1/orders?needs_attention=true')).status).toBe(401);
});

test.each([
  ['status=LOST', '/status'],
  ['from=yesterday', '/from'],
  ['from=2026-02-30', '/from'],
  ['from=0000-01-01', '/from'],
  ['from=0001-01-01T00:00:00%2B01:00', '/from'],
  ['to=9999-12-31T23:59:59-01:00', '/to'],
  ['to=2026-11-01T08:00:00', '/to'],
  ['from=2026-11-02&to=2026-11-02', '/to'],
  ['from=2026-11-01&from=2026-11-02', '/from'],
  ['user_id=ada', '/user_id'],
  ['failed_step=Shipping', '/failed_step'],
  ['needs_attention=false', '/needs_attention'],
  ['limit=101', '/limit'],
  ['created_from=2026-11-01', '/created_from'],
])('?%s is 422 and names the parameter', async (query, pointer) => {
  const answer = await list(`?${query}`);
  expect(answer).toMatchObject({ status: 422, body: { reason: 'validation_failed' } });
  expect(answer.body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
});

test('orders that need attention are told from all others, page by page, and with the other filters', async () => {
  const method = 'tok_test_unrefundable';
  const [ada, bob] = [await platform.addCustomer(), await platform.addCustomer()];
  platform.worker.down.add(`hold of ${method}`);
  platform.worker.down.add(`refund of ${method}`);
  const given = [ada, ada, bob].map((userId) => ({ userId, key: randomUUID(), body: { payment_method: method } }));
  const asked = given.map((ordering) => platform.order(ordering));
  await ordered(ada);
  await ordered(ada, 'tok_declined');
  const seen = await eventually(
    () => all('&needs_attention=true', 100),
    (ids) => ids.length === asked.length,
  );
  const parked = await Promise.all((await platform.ordersPaidWith(method)).map(platform.recordOf));
  const ids = (userId?: string) => parked.filter((order) => !userId || order.userId === userId).map(({ id }) => id);
  expect(seen.toSorted()).toEqual(ids().toSorted());
  expect((await all('&needs_attention=true', 1)).toSorted()).toEqual(ids().toSorted());
  expect((await all(`&needs_attention=true&user_id=${ada}`, 1)).toSorted()).toEqual(ids(ada).toSorted());
  expect((await all(`&needs_attention=true&user_id=${bob}&failed_step=ConfirmOrder`, 2)).toSorted()).toEqual(ids(bob).toSorted());
  expect(await all('&needs_attention=true&failed_step=ValidateUser', 2)).toEqual([]);

  const first = textOf((await list('?needs_attention=true&limit=1')).body, 'next_cursor');
  const other = textOf((await list('?limit=1')).body, 'next_cursor');
  const [head, tail] = [first.slice(0, 20), first.slice(20)];
  for (const query of [
    // Of another list, each to the other.
    `?needs_attention=true&cursor=${other}`,
    `?cursor=${first}`,
    `?needs_attention=true&user_id=${ada}&cursor=${first}`,
    `?user_id=${ada}&cursor=${other}`,
    // Altered, and made up.
    `?needs_attention=true&cursor=${head}${tail.startsWith('A') ? 'B' : 'A'}${tail.slice(1)}`,
    '?needs_attention=true&cursor=made-up',
    '?cursor=made-up',
  ]) {
    const answer = await list(query);
    expect([query, answer.status, answer.body.errors]).toEqual([query, 400, [expect.objectContaining({ pointer: '/cursor' })]]);
  }

  const headers = await platform.as('operator', OPERATOR);
  const resolve = { step: 'ProcessPayment', reason: 'Refunded at the desk' };
  for (const id of ids()) {
    expect((await platform.call('POST', `/v1/orders/${id}/compensation/resolve`, { body: resolve, headers })).status).toBe(200);
  }
  await Promise.all(asked);
  for (const ordering of given) {
    await eventually(
      () => platform.order(ordering),
      ({ status }) => status === 409,
    );
  }
  await eventually(
    () => all('&needs_attention=true', 100),
    (left) => left.length === 0,
  );
  platform.worker.down.clear();
});

test('while Temporal is away orders are listed, except by what it alone knows: 503', async () => {
  const ada = await platform.addCustomer();
  const id = await ordered(ada);
  await platform.gate.close();
  expect(idsOf(await list('', 'customer', ada))).toEqual([id]);
  const answer = await list('?needs_attention=true');
  expect(answer).toMatchObject({ status: 503, body: { reason: 'unavailable' } });
  expect(answer.headers.get('retry-after')).not.toBeNull();
  await platform.recover();
  expect((await list('?needs_attention=true')).status).toBe(200);
});

test('who moved an order and in which words is for operators; customers see their own words', async () => {
  const ada = await platform.addCustomer();
  const [byHer, byOperator] = [await ordered(ada), await ordered(ada)];
  const cancel = async (id: string, role: string, userId: string, reason: string) => {
    const headers = await platform.as(role, userId);
    expect((await platform.call('POST', `/v1/orders/${id}/cancel`, { body: { reason }, headers })).status).toBe(200);
  };
  await cancel(byHer, 'customer', ada, 'Found it cheaper');
  await cancel(byOperator, 'operator', OPERATOR, 'Looks like a reseller');
  const last = async (id: string, role: string, userId: string, path: string) => {
    const { body } = await platform.call('GET', `/v1/orders/${id}${path}`, { headers: await platform.as(role, userId) });
    return historySchema.parse(path === '' ? body : body.order).history.at(-1);
  };
  for (const path of ['', '/details']) {
    expect(await last(byHer, 'customer', ada, path)).toEqual({ note: 'Found it cheaper' });
    expect(await last(byOperator, 'customer', ada, path)).toEqual({});
    expect(await last(byHer, 'operator', OPERATOR, path)).toEqual({ note: 'Found it cheaper', by: ada });
    expect(await last(byOperator, 'operator', OPERATOR, path)).toEqual({ note: 'Looks like a reseller', by: OPERATOR });
  }
});

const historySchema = z.object({
  history: z.array(z.object({ note: z.string().optional(), by: z.string().optional() })),
});

test('the document shows an example of every parameter that takes one, and of the answer, and each holds', () => {
  const answer = listOrders.operation.answers[200];
  expect(answer?.example).toBeDefined();
  expect(() => answer?.schema?.parse(answer.example)).not.toThrow();
  const shown = Object.entries(orderQuery.shape).flatMap(([name, schema]) =>
    examplesSchema.parse(z.globalRegistry.get(schema)).examples.map((example) => [name, example] as const),
  );
  expect(shown.length).toBeGreaterThan(6);
  for (const [name, example] of shown) expect(orderQuery.safeParse({ [name]: example }).success).toBe(true);
});

const examplesSchema = z.object({ examples: z.array(z.string()).default([]) }).prefault({});
