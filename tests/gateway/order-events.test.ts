import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startGateway } from '../../gateway/server.ts';
import { eventually } from '../../testkit/eventually.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { textOf } from './support/shop.ts';

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ ORDER_EVENT_STREAMS_MAX: '5' });
});

afterAll(async () => {
  await platform.stop();
});

type Event = { readonly id: string; readonly data: Readonly<Record<string, unknown>> };

/** What an EventSource would see, until the stream ends. */
async function listen(orderId: string, how: { base?: string; headers?: Readonly<Record<string, string>> } = {}) {
  const leaving = new AbortController();
  const headers = { ...(await platform.as('customer')), ...how.headers };
  const response = await fetch(`${how.base ?? platform.base}/v1/orders/${orderId}/events`, { headers, signal: leaving.signal });
  let text = '';
  const read = async () => {
    if (!response.body) return;
    for await (const bytes of response.body) text += new TextDecoder().decode(bytes);
  };
  const ended = read().catch(() => undefined);
  const events = (): Event[] =>
    [...text.matchAll(/^id: (\S+)\nevent: status\ndata: (.+)\n\n/gm)].map(([, id = '', data = '{}']) => ({
      id,
      data: JSON.parse(data),
    }));
  return {
    status: response.status,
    headers: response.headers,
    text: () => text,
    events,
    ended,
    async leave() {
      leaving.abort();
      await ended;
    },
  };
}

/** An order that goes on as soon as `go` is called. */
async function waiting() {
  const method = `tok_test_${randomUUID()}`;
  platform.worker.down.add(method);
  const answer = await platform.order({ body: { payment_method: method }, headers: { Prefer: 'respond-async' } });
  return { id: textOf(answer.body, 'id'), go: () => platform.worker.down.delete(method) };
}

test('an order is told as it is, as it changes and as it ends, and then the stream ends', async () => {
  const { id, go } = await waiting();
  const stream = await listen(id);
  expect(stream.status).toBe(200);
  expect(stream.headers.get('content-type')).toBe('text/event-stream');
  expect(stream.headers.get('cache-control')).toBe('no-store');
  await eventually(
    async () => stream.events().at(-1),
    (event) => event?.data.step === 'ProcessPayment',
  );
  go();
  await stream.ended;
  const events = stream.events();
  expect(events.at(-1)?.data).toMatchObject({ id, status: 'PAID', saga_state: 'SagaCompleted' });
  // Only changes are told.
  expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
  expect(stream.text()).toMatch(/^retry: \d+\n\n/);
});

test('who has seen the end is told not to come again, who has seen another state is told the end', async () => {
  const answer = await platform.order({ body: { payment_method: 'tok_declined' } });
  const id = textOf(answer.body, 'order_id');
  const first = await listen(id, { headers: { 'Last-Event-ID': 'made up \u00e9' } });
  await first.ended;
  const [event, ...more] = first.events();
  expect(event?.data).toMatchObject({ status: 'CANCELLED', saga_state: 'SagaFailed' });
  expect(more).toEqual([]);
  const again = await listen(id, { headers: { 'Last-Event-ID': event?.id ?? '' } });
  expect(again.status).toBe(204);
});

test('a state that was seen is not told again, also by another gateway', async () => {
  const { id, go } = await waiting();
  // Its record is all that can be told while no worker answers.
  await platform.worker.stop();
  const other = await startGateway(platform.config, { taskQueue: platform.taskQueue });
  try {
    const first = await listen(id);
    await eventually(
      async () => first.events().length,
      (count) => count > 0,
    );
    const seen = first.events().at(-1)?.id ?? '';
    const base = `http://127.0.0.1:${other.listening.http}`;
    const second = await listen(id, { base, headers: { 'Last-Event-ID': seen } });
    await platform.worker.start();
    go();
    await second.ended;
    expect(second.events().map((event) => event.id)).not.toContain(seen);
    expect(second.events().at(-1)?.data).toMatchObject({ status: 'PAID' });
    await first.ended;
  } finally {
    await other.stop();
  }
});

test('many listeners cost one read a second, and none when they are gone', async () => {
  const { id, go } = await waiting();
  const streams = await Promise.all([1, 2, 3, 4].map(() => listen(id)));
  const reads = () => platform.services.orders.answered('GetOrder');
  const [before, startedMs] = [await reads(), performance.now()];
  await eventually(reads, (count) => count >= before + 3);
  const seconds = (performance.now() - startedMs) / 1_000;
  expect((await reads()) - before).toBeLessThanOrEqual(seconds + 1);
  await Promise.all(streams.map((stream) => stream.leave()));
  // One read that was in flight, and one interval.
  const settled = async () => {
    const count = await reads();
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    return (await reads()) - count;
  };
  expect(await eventually(settled, (grown) => grown === 0)).toBe(0);
  go();
});

test('one stream too many is 503 with Retry-After, and there is room again when one has left', async () => {
  const { id, go } = await waiting();
  const streams = await Promise.all([1, 2, 3, 4, 5].map(() => listen(id)));
  const path = `/v1/orders/${id}/events`;
  const refused = await platform.call('GET', path, { headers: await platform.as('customer') });
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.body).toMatchObject({ reason: 'overloaded' });
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  await streams[0]?.leave();
  const next = await eventually(
    () => listen(id),
    ({ status }) => status === 200,
  );
  go();
  await Promise.all([...streams.slice(1), next].map(({ ended }) => ended));
});

test("another's order has no events, an operator hears them, and asking for the headers alone opens nothing", async () => {
  const answer = await platform.order();
  const path = `/v1/orders/${textOf(answer.body, 'id')}/events`;
  const other = await platform.call('GET', path, { headers: await platform.as('customer', randomUUID()) });
  expect(other.status).toBe(404);
  const operator = await platform.call('GET', path, { headers: await platform.as('operator', randomUUID()) });
  expect(operator.text).toContain('"PAID"');
  const head = await platform.call('HEAD', path, { headers: await platform.as('customer') });
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
});

test('a gateway that stops ends its streams', async () => {
  const { id, go } = await waiting();
  const stopping = await startGateway(platform.config, { taskQueue: platform.taskQueue });
  const stream = await listen(id, { base: `http://127.0.0.1:${stopping.listening.http}` });
  expect(stream.status).toBe(200);
  await Promise.all([stopping.stop(), stream.ended]);
  go();
});

test('a client that vanishes without a word leaves nothing behind', async () => {
  const { id, go } = await waiting();
  const { hostname, port } = new URL(platform.base);
  const { Authorization } = await platform.as('customer');
  for (let count = 0; count < 8; count += 1) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(`GET /v1/orders/${id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${Authorization}\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.resetAndDestroy();
  }
  // Eight came and five are allowed at once.
  const stream = await eventually(
    () => listen(id),
    ({ status }) => status === 200,
  );
  go();
  await stream.ended;
});
