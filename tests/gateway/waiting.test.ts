import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import pino from 'pino';
import { orderWorkflowId } from '../../contracts/ids.ts';
import { openTemporal } from '../../gateway/orders/workflow/connection.ts';
import { createOutcome } from '../../gateway/orders/workflow/outcome.ts';
import { createProgress } from '../../gateway/orders/workflow/progress.ts';
import { startGateway } from '../../gateway/server.ts';
import { eventually } from '../../testkit/eventually.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { textOf, timed } from './support/shop.ts';

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform();
});

afterAll(async () => {
  await platform.stop();
});

test('a step that is down is 202 with Location after the wait, its retries are told, and the same key is 201 when it is back', async () => {
  const given = { key: randomUUID(), body: { payment_method: 'tok_test_down' } };
  platform.worker.down.add('tok_test_down');
  const { answer, tookMs } = await timed(platform.order({ ...given, headers: { Prefer: 'wait=1' } }));
  expect(answer.status).toBe(202);
  expect(answer.headers.get('preference-applied')).toBe('wait=1');
  expect(answer.headers.get('retry-after')).not.toBeNull();
  expect(tookMs).toBeGreaterThan(900);
  const path = `/v1/orders/${textOf(answer.body, 'id')}`;
  expect(answer.headers.get('location')).toBe(path);
  expect(answer.body).toMatchObject({ status: 'RESERVED', saga_state: 'OrderCreated' });

  const headers = await platform.as('customer');
  const status = await eventually(
    () => platform.call('GET', `${path}/status`, { headers }),
    ({ body }) => body.retrying !== undefined,
  );
  expect(status.body).toMatchObject({
    id: answer.body.id,
    status: 'RESERVED',
    saga_state: 'OrderCreated',
    step: 'ProcessPayment',
    retrying: { step: 'ProcessPayment', last_error: 'unavailable' },
    needs_attention: false,
  });
  expect(status.text).not.toContain('ECONN');

  platform.worker.down.clear();
  const later = await platform.order(given);
  expect(later.status).toBe(201);
  expect(later.body.id).toBe(answer.body.id);
});

test('a worker that is down is 202 after the wait, the record answers for the status, and the same key is 201 later', async () => {
  await platform.worker.stop();
  const key = randomUUID();
  const answer = await platform.order({ key, headers: { Prefer: 'wait=1' } });
  expect(answer.status).toBe(202);
  const path = `/v1/orders/${textOf(answer.body, 'id')}/status`;
  const headers = await platform.as('customer');
  const status = await timed(platform.call('GET', path, { headers }));
  expect(status.answer.status).toBe(200);
  expect(status.answer.body).toMatchObject({ status: 'SUBMITTED', saga_state: 'SagaInitiated', needs_attention: false });
  expect(status.tookMs).toBeLessThan(3_000);
  await platform.worker.start();
  expect((await platform.order({ key })).status).toBe(201);
});

test('respond-async is 202 at once with the order started, and the same key waits for that order', async () => {
  platform.worker.down.add('tok_test_async');
  const given = { key: randomUUID(), body: { payment_method: 'tok_test_async' } };
  const { answer, tookMs } = await timed(platform.order({ ...given, headers: { Prefer: 'respond-async' } }));
  expect(answer.status).toBe(202);
  expect(answer.headers.get('preference-applied')).toBe('respond-async');
  expect(tookMs).toBeLessThan(1_000);
  expect(await platform.workflowStatus(textOf(answer.body, 'id'))).toBe('RUNNING');
  platform.worker.down.clear();
  const waited = await platform.order(given);
  expect(waited.status).toBe(201);
  expect(waited.body.id).toBe(answer.body.id);
});

test('I56 a caller who goes away changes nothing: the order goes on, and the same key finds it', async () => {
  platform.worker.down.add('tok_test_gone');
  const given = { key: randomUUID(), body: { payment_method: 'tok_test_gone' } };
  const leaving = new AbortController();
  const left = platform.order({ ...given, signal: leaving.signal }).catch(() => 'left');
  const id = await platform.submitted('tok_test_gone');
  await eventually(
    () => platform.workflowStatus(id),
    (status) => status === 'RUNNING',
  );
  leaving.abort();
  expect(await left).toBe('left');
  platform.worker.down.clear();
  const found = await platform.order(given);
  expect(found.status).toBe(201);
  expect(found.body.id).toBe(id);
});

test('a gateway that stops answers 202 to those who wait, and takes no new request', async () => {
  platform.worker.down.add('tok_test_stop');
  const stopping = await startGateway(platform.config);
  const base = `http://127.0.0.1:${stopping.listening.http}`;
  const waiting = timed(platform.order({ base, body: { payment_method: 'tok_test_stop' }, headers: { Prefer: 'wait=20' } }));
  const id = await platform.submitted('tok_test_stop');
  await eventually(
    () => platform.workflowStatus(id),
    (status) => status === 'RUNNING',
  );
  await stopping.stop();
  const { answer, tookMs } = await waiting;
  expect(answer.status).toBe(202);
  expect(answer.headers.get('connection')).toBe('close');
  expect(tookMs).toBeLessThan(5_000);
  await expect(platform.call('GET', '/health/live', { base })).rejects.toThrow();
  platform.worker.down.clear();
});

test('no worker is asked how an order goes whose saga is over, and one whose saga is at work is', async () => {
  const paid = await platform.order({});
  platform.worker.down.add('tok_test_at_work');
  const open = await platform.order({ body: { payment_method: 'tok_test_at_work' }, headers: { Prefer: 'wait=0' } });
  const temporal = await openTemporal(platform.config);
  const asked: string[] = [];
  const getHandle = temporal.client.workflow.getHandle.bind(temporal.client.workflow);
  temporal.client.workflow.getHandle = (...of: Parameters<typeof getHandle>) => {
    const handle = getHandle(...of);
    const query = handle.query.bind(handle);
    return Object.assign(handle, { query: (name: string) => asked.push(handle.workflowId) && query(name) });
  };
  const { progress } = createProgress(temporal);
  const [ended, running] = [textOf(paid.body, 'id'), textOf(open.body, 'id')];
  expect(await progress(ended)).toMatchObject({ saga: 'ended' });
  expect(await progress(running)).toMatchObject({ saga: 'running', view: { sagaState: expect.any(String) } });
  expect(asked).toEqual([orderWorkflowId(running)]);
  platform.worker.down.clear();
  await temporal.close();
});

test('a start that was lost on its way is made up for after the wait', async () => {
  const temporal = await openTemporal(platform.config);
  temporal.client.workflow.executeUpdateWithStart = async () => {
    throw new WorkflowUpdateRPCTimeoutOrCancelledError('The wait is over');
  };
  const { signal } = new AbortController();
  const logger = pino({ level: 'silent' });
  const { awaitOutcome } = createOutcome({ temporal, logger, stopping: signal, taskQueue: platform.taskQueue });
  const [orderId, userId] = [randomUUID(), platform.customer];
  const input = {
    orderId,
    userId,
    lines: [],
    paymentMethod: 'tok_test_lost',
    submittedAt: '2026-01-01T00:00:00.000Z',
    stepLimitMs: 60_000,
    returnWindowMs: 60_000,
  };
  expect(await awaitOutcome(input, 5_000)).toEqual({ state: 'running' });
  expect(await platform.workflowStatus(orderId)).not.toBe('none');
  await temporal.close();
});
