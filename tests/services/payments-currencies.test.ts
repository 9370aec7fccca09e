/** Amounts are compared with limits of their own currency; a card number is stored nowhere. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadConfig } from '../../platform/config/load.ts';
import { paymentsConfig } from '../../services/payments/config.ts';
import { startPayments } from '../../services/payments/server.ts';
import { failure, LIMITS, openPayments, type PaymentsFixture, type PaymentsInstance, payment, read } from './payments-fixture.ts';

const CARD = '4111111111111111';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start(undefined, {
    CURRENCIES: 'EUR,IDR,JPY',
    FRAUD_LARGE: 'EUR=100000,IDR=2000000000,JPY=150000',
    FRAUD_SMALL: 'EUR=5000,IDR=100000000,JPY=8000',
  });
});

afterAll(() => fixture.close());

test('a payment of 20,000 IDR, about 1 euro, is no large amount, and 20 million and one are', async () => {
  const cheap = payment({ amount: { amountMinor: 2_000_000, currency: 'IDR' } });
  await payments.processPayment(cheap, LIMITS);
  const factors = (await read(payments, cheap.orderId)).fraud?.factors.map(({ name }) => name);
  expect(factors).toEqual(['first_payment', 'foreign_currency']);
  const dear = payment({ amount: { amountMinor: 10_000_000_001, currency: 'IDR' } });
  expect(await failure(payments.processPayment(dear, LIMITS))).toMatchObject({ reason: 'fraud_review' });
});

test('a payment in a currency that the shop does not sell in is invalid, and nothing is charged', async () => {
  const dollars = payment({ amount: { amountMinor: 100, currency: 'USD' } });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(await failure(payments.processPayment(dollars, LIMITS))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      violations: [{ field: 'amount.currency' }],
    });
  }
  expect(await fixture.entriesOf(dollars.orderId)).toEqual([]);
});

test.each([
  ['FRAUD_LARGE', { FRAUD_LARGE: 'EUR=1' }],
  ['FRAUD_SMALL', { FRAUD_SMALL: 'EUR=1' }],
])('payments does not start when %s lacks a currency, and names it in one line', async (name, given) => {
  const limits = { FRAUD_LARGE: 'EUR=1,HUF=2', FRAUD_SMALL: 'EUR=1,HUF=2' };
  const config = loadConfig(paymentsConfig, {
    PAYMENTS_DATABASE_URL: fixture.url,
    PROVIDER_URL: fixture.provider.url,
    CURRENCIES: 'EUR,HUF',
    ...limits,
    ...given,
  });
  await expect(startPayments(config)).rejects.toThrow(`${name} lacks HUF, which CURRENCIES names`);
});

test.each([CARD, '4111-1111-1111-1111', `tok_${CARD}`])(
  '%s is refused as a payment method, and is stored nowhere',
  async (number) => {
    const refused = { code: 'INVALID_ARGUMENT', violations: [{ field: 'paymentMethod' }] };
    const request = payment({ paymentMethod: number });
    const error = await failure(payments.processPayment(request, LIMITS));
    expect(error).toMatchObject(refused);
    expect(await failure(payments.validatePaymentMethod({ paymentMethod: number }, LIMITS))).toMatchObject(refused);
    expect(JSON.stringify(error)).not.toContain('1111');
    for (const charge of [
      await fixture.provider.charge('card', { token: number }),
      await fixture.provider.call('POST', '/v1/tokens/validate', { body: { token: number } }),
    ]) {
      expect(charge.status).toBe(400);
      expect(charge.text).not.toContain('1111');
    }
    const tables = await fixture.sql<{ content: string }>(
      `select string_agg(query_to_xml(format('select * from %I', tablename), true, true, '')::text, '') as content
     from pg_tables where schemaname = 'public'`,
    );
    expect(tables[0]?.content).toContain('saga:');
    expect(tables[0]?.content).not.toContain('1111-1111');
    expect(tables[0]?.content).not.toContain(CARD);
    expect(await fixture.provider.sql(`select from requests where key = 'card'`)).toEqual([]);
  },
);
