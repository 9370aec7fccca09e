/** Commands that an order cannot take, over HTTP and through its workflow: refused with its state, and nothing changes. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { orderWorkflowId } from '../../contracts/ids.ts';
import { type Platform, startPlatform } from './support/platform.ts';
import { textOf } from './support/shop.ts';

// The shortest return window there is: over when its order has closed, which the test waits for.
const RETURN_WINDOW_MS = '1000';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ RETURN_WINDOW_MS });
});
afterAll(() => platform.stop());

const OPERATOR = randomUUID();
const DISPATCH = { carrier: 'DHL', tracking_number: '0034' };
const BODIES = {
  shipments: DISPATCH,
  delivery: {},
  cancel: { reason: 'Changed my mind' },
  returns: { reason: 'Too small' },
} as const;

async function confirmed(): Promise<string> {
  const { status, body } = await platform.order();
  expect(status).toBe(201);
  return textOf(body, 'id');
}

async function ask(id: string, command: keyof typeof BODIES, body: object = BODIES[command]) {
  const headers = await platform.as('operator', OPERATOR);
  const answer = await platform.call('POST', `/v1/orders/${id}/${command}`, { body, headers });
  return { status: answer.status, reason: answer.body.reason, facts: answer.body.facts };
}

async function done(id: string, ...commands: readonly (keyof typeof BODIES)[]): Promise<string> {
  for (const command of commands) expect((await ask(id, command)).status).toBe(200);
  return id;
}

const statusesOf = async (id: string) => (await platform.recordOf(id)).statuses;
const statusOf = async (id: string) => (await statusesOf(id)).at(-1);

/** Refused with the state that the order is in, which it keeps. */
async function expectRefused(id: string, command: keyof typeof BODIES, current: string): Promise<void> {
  const before = await statusesOf(id);
  expect(await ask(id, command)).toMatchObject({
    status: 409,
    reason: 'illegal_transition',
    facts: { current_status: current },
  });
  expect(await statusesOf(id)).toEqual(before);
  expect(before.at(-1)).toBe(current);
}

test('a cancelled order is neither shipped nor delivered nor returned', async () => {
  const id = await done(await confirmed(), 'cancel');
  for (const command of ['shipments', 'delivery', 'returns'] as const) await expectRefused(id, command, 'CANCELLED');
});

test('an order is neither delivered nor returned before it is shipped', async () => {
  const id = await confirmed();
  for (const command of ['delivery', 'returns'] as const) await expectRefused(id, command, 'PAID');
});

test('a shipped order is not cancelled', async () => {
  await expectRefused(await done(await confirmed(), 'shipments'), 'cancel', 'SHIPPED');
});

test('a second ship is answered as the first one; as another parcel it is refused, and the first one stays', async () => {
  const id = await done(await confirmed(), 'shipments', 'shipments');
  expect(await ask(id, 'shipments', { ...DISPATCH, tracking_number: '0035' })).toMatchObject({
    status: 409,
    reason: 'illegal_transition',
    facts: { current_status: 'SHIPPED', attempted_status: 'SHIPPED' },
  });
  expect((await platform.recordOf(id)).shipment).toMatchObject({ trackingNumber: '0034' });
  expect(await statusOf(id)).toBe('SHIPPED');
});

test('a delivery at a time that cannot be is refused with its field, and the right time is taken afterwards', async () => {
  const id = await done(await confirmed(), 'shipments');
  const headers = await platform.as('operator', OPERATOR);
  const body = { delivered_at: new Date(Date.now() + 86_400_000).toISOString() };

  const refused = await platform.call('POST', `/v1/orders/${id}/delivery`, { body, headers });

  expect(refused).toMatchObject({ status: 422, body: { reason: 'validation_failed', order_id: id } });
  expect(refused.body.errors).toEqual([{ pointer: '/delivered_at', detail: 'must not be in the future' }]);
  expect(await statusOf(id)).toBe('SHIPPED');
  await done(id, 'delivery');
});

test('after the return window nothing can be returned', async () => {
  const id = await done(await confirmed(), 'shipments', 'delivery');
  await platform.temporal.client.workflow.getHandle(orderWorkflowId(id)).result();
  await expectRefused(id, 'returns', 'DELIVERED');
});

test('of a ship and a cancel at once one is carried out and the other one refused', async () => {
  for (let round = 0; round < 5; round += 1) {
    const id = await confirmed();
    const [ship, cancel] = await Promise.all([ask(id, 'shipments'), ask(id, 'cancel')]);
    expect(new Set([ship.status, cancel.status])).toEqual(new Set([200, 409]));
    expect([ship.reason, cancel.reason]).toContain('illegal_transition');
    expect(await statusOf(id)).toBe(ship.status === 200 ? 'SHIPPED' : 'CANCELLED');
  }
});
