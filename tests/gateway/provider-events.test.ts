/** The payment provider's own news, as it arrives at the gateway. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stepKey } from '../../contracts/ids.ts';
import { signatureOf } from '../../platform/webhooks/signature.ts';
import { eventually } from '../../testkit/eventually.ts';
import { type Shop, startShop } from './support/shop.ts';

const SECRET = 'a secret of both';
const LIMITS = { deadlineMs: 10_000 };

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1', env: { PROVIDER_WEBHOOK_SECRET: SECRET } });
});

afterAll(() => shop.stop());

/** A payment of 10.00 EUR. */
async function charged() {
  const orderId = randomUUID();
  const amount = { amountMinor: 1_000, currency: 'EUR' };
  const payment = { idempotencyKey: stepKey(orderId, 'pay'), orderId, userId: randomUUID(), amount, paymentMethod: 'tok_ok' };
  await shop.clients.payments.calls.processPayment(payment, LIMITS);
  return read(orderId);
}

async function read(orderId: string) {
  const { payment } = await shop.clients.payments.calls.getPayment({ by: { $case: 'orderId', value: orderId } }, LIMITS);
  if (!payment) throw new Error('A payment was expected');
  return payment;
}

function bodyOf(chargeId: string, given: object = {}): string {
  return JSON.stringify({ id: `evt_${randomUUID()}`, type: 'charge.refunded', charge_id: chargeId, ...given });
}

/** As the provider posts it: without an API key or a token. */
function post(raw: string, signature: string | undefined = signatureOf({ secret: SECRET, body: raw, at: new Date() })) {
  const headers = { 'X-API-Key': '', 'Provider-Signature': signature };
  return shop.call('POST', '/v1/provider-events', { raw, headers });
}

test('a signed event is taken without an API key, and one that is replayed changes nothing more', async () => {
  const { orderId, providerReference } = await charged();
  await shop.services.provider.refundInBackOffice(providerReference, 400);
  const body = bodyOf(providerReference);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const answer = await post(body);
    expect([answer.status, answer.text]).toEqual([204, '']);
  }
  expect(await read(orderId)).toMatchObject({ refundedMinor: 400, refunds: [{ paidBy: 'provider_back_office' }] });
});

test.each([
  ['of another secret', (body: string) => signatureOf({ secret: 'other', body, at: new Date() })],
  ['of another body', () => signatureOf({ secret: SECRET, body: '{}', at: new Date() })],
  ['that is six minutes old', (body: string) => signatureOf({ secret: SECRET, body, at: new Date(Date.now() - 360_000) })],
  ['that is six minutes ahead', (body: string) => signatureOf({ secret: SECRET, body, at: new Date(Date.now() + 360_000) })],
  ['without a time', (body: string) => signatureOf({ secret: SECRET, body, at: new Date() }).split(',')[1] ?? ''],
  ['that is none', () => 'nonsense'],
])('a signature %s is 401, and nothing is looked up', async (_, sign) => {
  const before = await shop.services.payments.answered('RecordProviderEvent');
  const body = bodyOf('ch_1');
  const answer = await post(body, sign(body));
  expect(answer.status).toBe(401);
  expect(answer.body).toMatchObject({ reason: 'unauthenticated' });
  expect(await shop.services.payments.answered('RecordProviderEvent')).toBe(before);
});

test('a signed body that is too large, no JSON or of another shape is refused, and an unknown charge is taken', async () => {
  expect((await post(bodyOf('ch_1', { more: 'x'.repeat(70_000) }))).status).toBe(413);
  expect((await post('{')).status).toBe(400);
  expect((await post(JSON.stringify({ id: 'evt_1', type: 'charge.refunded' }))).status).toBe(422);
  expect((await post(bodyOf('4111 1111'))).status).toBe(422);
  expect((await post(bodyOf('ch_unknown'))).status).toBe(204);
  expect((await post(bodyOf('ch_unknown', { type: 'payout.paid', data: { more: true } }))).status).toBe(204);
});

test('while payments is down the event is 503, and the provider sends it again', async () => {
  const { orderId, providerReference } = await charged();
  await shop.services.provider.dispute(providerReference);
  const body = bodyOf(providerReference, { type: 'charge.disputed' });
  await shop.services.payments.gate.close();
  try {
    expect((await post(body)).status).toBe(503);
  } finally {
    await shop.services.payments.gate.open();
  }
  await eventually(
    () => post(body),
    ({ status }) => status === 204,
  );
  expect(await read(orderId)).toMatchObject({ disputed: true });
});

test('a payment is shown with its method, when it was taken and its refunds; only operators see who paid them and disputes', async () => {
  const { id, userId, providerReference } = await charged();
  await shop.services.provider.refundInBackOffice(providerReference, 400);
  await shop.services.provider.dispute(providerReference);
  await post(bodyOf(providerReference));
  const own = await shop.call('GET', `/v1/payments/${id}`, { headers: await shop.as('customer', userId) });
  expect(own.body).toMatchObject({
    method: { brand: 'visa', last_four: '4242' },
    processed_at: expect.any(String),
    refunded: { amount_minor: 400, currency: 'EUR' },
    refunds: [{ id: expect.any(String), amount: { amount_minor: 400, currency: 'EUR' }, completed_at: expect.any(String) }],
  });
  expect(own.text).not.toMatch(/paid_by|disputed|back_office|score|factors/);
  const operators = await shop.call('GET', `/v1/payments/${id}`, { headers: await shop.as('operator') });
  expect(operators.body).toMatchObject({
    disputed: true,
    refunds: [{ paid_by: 'provider_back_office', provider_reference: expect.stringMatching(/^re_/) }],
    fraud: { score: expect.any(Number) },
  });
});
