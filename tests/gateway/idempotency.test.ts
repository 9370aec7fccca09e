/** One key, one order, one answer: what a caller of POST /orders may rely on. The cases have numbers, see tests/unit/cases.test.ts. */
import { randomUUID } from 'node:crypto';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { orderWorkflowId } from '../../contracts/ids.ts';
import { OUTCOME_UPDATE_ID } from '../../contracts/order.ts';
import { startGateway } from '../../gateway/server.ts';
import { eventually } from '../../testkit/eventually.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { type Answer, textOf } from './support/shop.ts';

// Milliseconds. The server deletes when its queues have passed the execution, which takes it half a minute.
const DELETION_LIMIT_MS = 100_000;

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});

afterAll(async () => {
  await platform.stop();
});

const replayed = ({ headers }: Answer) => headers.get('idempotent-replayed');
const submissions = () => platform.submissions();

function expectSameAgain(again: Answer, first: Answer): void {
  expect(again.text).toBe(first.text);
  expect(again.status).toBe(first.status);
  expect(again.headers.get('location')).toBe(first.headers.get('location'));
  expect(replayed(again)).toBe('true');
}

test.each([
  ['I03 a key of one character', 'k'],
  ['I04 a key of 255 characters', 'k'.repeat(255)],
  ['I09 a key that is SQL', "';drop/**/table/**/idempotency;--"],
  ['I09 a key that is a line break in a URL', 'a%0d%0aX-Evil:%201'],
  ['I09 a key that every object has', '__proto__'],
])('%s is a key like any other', async (_, key) => {
  const first = await platform.order({ key });
  expect(first.status).toBe(201);
  expect(first.headers.get('x-evil')).toBeNull();
  expectSameAgain(await platform.order({ key }), first);
});

test('I10 I11 a repeated order is answered with the same status and bytes, and says that it is', async () => {
  const key = randomUUID();
  const before = await submissions();
  const first = await platform.order({ key });
  expect([first.status, replayed(first)]).toEqual([201, null]);
  for (let repetition = 0; repetition < 3; repetition += 1) expectSameAgain(await platform.order({ key }), first);
  expect(await submissions()).toBe(before + 1);
});

const SHIP = ['shipments', { carrier: 'DHL', tracking_number: 'T1' }] as const;
const later: Readonly<Record<string, readonly (readonly [command: string, body: object])[]>> = {
  SHIPPED: [SHIP],
  RETURNED: [SHIP, ['delivery', {}], ['returns', { reason: 'Too small' }]],
  CANCELLED: [['cancel', { reason: 'Found it cheaper' }]],
};
test.each(Object.entries(later))(
  'I11 an order that has become %s since is answered as it was confirmed',
  async (status, commands) => {
    const key = randomUUID();
    const first = await platform.order({ key });
    const id = textOf(first.body, 'id');
    const operator = await platform.as('operator');
    for (const [command, body] of commands) {
      const answer = await platform.call('POST', `/v1/orders/${id}/${command}`, { body, headers: operator });
      expect(answer.status).toBeLessThan(300);
    }
    expectSameAgain(await platform.order({ key }), first);
    const now = await platform.call('GET', `/v1/orders/${id}`, { headers: await platform.as('customer') });
    expect(now.body.status).toBe(status);
  },
);

test('I11 I18 when Temporal has deleted a workflow and its history the answer is the same, and no workflow is started', async () => {
  const { client, connection, namespace } = platform.temporal;
  const askAgain = async (method: string): Promise<void> => {
    const given = { key: randomUUID(), body: { payment_method: method } };
    const first = await platform.order(given);
    const id = textOf(first.body, method === 'tok_ok' ? 'id' : 'order_id');
    const workflowExecution = { workflowId: orderWorkflowId(id) };
    await client.workflow.getHandle(workflowExecution.workflowId).getUpdateHandle(OUTCOME_UPDATE_ID).result();
    await connection.workflowService.deleteWorkflowExecution({ namespace, workflowExecution });
    await eventually(
      () => platform.workflowStatus(id),
      (status) => status === 'none',
      DELETION_LIMIT_MS,
    );
    const again = await platform.order(given);
    expect([again.status, replayed(again)]).toEqual([first.status, 'true']);
    // Each problem has the trace of its own request.
    expect({ ...again.body, trace_id: '' }).toEqual({ ...first.body, trace_id: '' });
    expect(await platform.workflowStatus(id)).toBe('none');
  };
  await Promise.all([askAgain('tok_ok'), askAgain('tok_declined')]);
}, 120_000);

test('I13 a request that was wrong in itself uses up no key: corrected, it is the first', async () => {
  const key = randomUUID();
  expect((await platform.order({ key, body: { items: [] } })).status).toBe(422);
  expect((await platform.order({ key, raw: '{"items":' })).status).toBe(400);
  const corrected = await platform.order({ key });
  expect([corrected.status, replayed(corrected)]).toEqual([201, null]);
});

test('I14 a request that was refused at the door uses up no key', async () => {
  const key = randomUUID();
  expect((await platform.order({ key, headers: { Authorization: 'Bearer nonsense' } })).status).toBe(401);
  expect((await platform.order({ key, headers: { 'X-API-Key': 'made-up' } })).status).toBe(401);
  const known = await platform.order({ key });
  expect([known.status, replayed(known)]).toEqual([201, null]);
});

/** The body as its bytes; the product's id is that of every new order. */
function spelled(quantity: string, { method = '"payment_method":"tok_ok"', space = '' } = {}): string {
  return `{${space}${method},${space}"items":[{${space}"quantity":${quantity},"product_id":"${platform.product}"}]${space}}`;
}

test('I22 the order of the members and the white space of the JSON are no part of the request', async () => {
  const key = randomUUID();
  const first = await platform.order({ key });
  expect(first.status).toBe(201);
  expectSameAgain(await platform.order({ key, raw: spelled('1', { space: ' \n\t' }) }), first);
});

test('I23 10, 10.0 and 1e1 are one number, and "10" is none', async () => {
  const key = randomUUID();
  const first = await platform.order({ key, raw: spelled('10') });
  expect(first.status).toBe(201);
  for (const same of ['10.0', '1e1']) expectSameAgain(await platform.order({ key, raw: spelled(same) }), first);
  const text = await platform.order({ key, raw: spelled('"10"') });
  expect([text.status, text.body.reason]).toEqual([422, 'validation_failed']);
});

test('I25 of a member that is given twice the last one counts, in the effect and in the comparison', async () => {
  const key = randomUUID();
  const twice = '"payment_method":"tok_declined","payment_method":"tok_ok"';
  const first = await platform.order({ key, raw: spelled('1', { method: twice }) });
  expect(first.status).toBe(201);
  expectSameAgain(await platform.order({ key }), first);
});

test('I26 an integer that JSON cannot carry exactly is refused and stored nowhere', async () => {
  const key = randomUUID();
  const before = await submissions();
  expect((await platform.order({ key, raw: spelled('9007199254740993') })).status).toBe(422);
  expect(await submissions()).toBe(before);
  const product = '{"sku":"big","name":"Big","stock_quantity":1,"price":{"currency":"EUR","amount_minor":9007199254740993}}';
  const created = await platform.call('POST', '/v1/products', { raw: product, headers: await platform.as('admin') });
  expect(created.status).toBe(422);
  expect(created.text).toContain('/price/amount_minor');
  const found = await platform.services.products.sql(`select id from products where sku = 'big'`);
  expect(found).toEqual([]);
});

test('I29 a hundred callers with one key through two gateways: one order, one answer', async () => {
  const other = await startGateway(platform.config, { taskQueue: platform.taskQueue });
  const bases = [platform.base, `http://127.0.0.1:${other.listening.http}`];
  try {
    const key = randomUUID();
    const before = await submissions();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => untilEnded(() => platform.order({ key, base: bases[n % 2] ?? platform.base }))),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    // The one that placed it, unless a busy machine made that one ask again.
    expect(answers.filter((answer) => replayed(answer) === null).length).toBeLessThanOrEqual(1);
    expect(await submissions()).toBe(before + 1);
  } finally {
    await other.stop();
  }
}, 180_000);

test('I38 a caller whose connection breaks as the answer arrives gets it again', async () => {
  const line = await openBreakingLine(platform.base);
  const key = randomUUID();
  await expect(platform.order({ key, base: line.base })).rejects.toThrow();
  const id = await platform.newestOrder();
  expect(await platform.workflowStatus(id)).not.toBe('none');
  await platform.temporal.client.workflow.getHandle(orderWorkflowId(id)).getUpdateHandle(OUTCOME_UPDATE_ID).result();
  const before = await submissions();
  const again = await platform.order({ key });
  expect([again.status, replayed(again), again.body.id]).toEqual([201, 'true', id]);
  expect(await submissions()).toBe(before);
  line.close();
});

/** As a shop does: what is not decided yet, or could not be taken now, is sent again under the same key. */
async function untilEnded(send: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    const answer = await send();
    console.error('I29', answer.status, answer.text.slice(0, 120), Date.now() % 1000000);
    if (answer.status !== 202 && answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(answer.headers.get('retry-after') ?? 1)));
  }
}

/** Carries requests to a gateway and breaks at the first byte of the answer. */
async function openBreakingLine(base: string) {
  const { hostname, port } = new URL(base);
  const line = createServer((near: Socket) => {
    const far = connect(Number(port), hostname);
    far.once('data', () => {
      near.resetAndDestroy();
      far.destroy();
    });
    for (const side of [near, far]) side.on('error', () => undefined);
    near.pipe(far);
  });
  await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve));
  return { base: `http://127.0.0.1:${(line.address() as AddressInfo).port}`, close: () => line.close() };
}
