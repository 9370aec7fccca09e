import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ProviderUnavailable } from '../../services/payments/domain/provider.ts';
import { httpProvider } from '../../services/payments/provider/http-provider.ts';
import { refusal } from '../../testkit/refusal.ts';
import { around } from './payments-disturbed.ts';
import { LIMITS, openPayments, type PaymentsFixture, type PaymentsInstance } from './payments-fixture.ts';

let fixture: PaymentsFixture;
let payments: PaymentsInstance;

beforeAll(async () => {
  fixture = await openPayments();
  payments = await fixture.start();
});

afterAll(() => fixture.close());

test.each(['tok_ok', 'tok_slow', 'tok_timeout_after_charge', 'tok_declined', 'tok_insufficient', 'tok_expired', 'tok_fraud'])(
  '%s is a valid payment method, whatever becomes of a charge',
  async (paymentMethod) => {
    expect(await payments.validatePaymentMethod({ paymentMethod }, LIMITS)).toEqual({ valid: true, reason: '' });
  },
);

test('a token that the provider does not know is not valid, and nothing is charged or stored', async () => {
  const answer = await payments.validatePaymentMethod({ paymentMethod: 'tok_made_up' }, LIMITS);
  expect(answer).toEqual({ valid: false, reason: 'payment_method_invalid' });
  expect(await fixture.provider.ledger()).toEqual([]);
  expect(await fixture.sql('select from payments union all select from idempotency')).toEqual([]);
});

test.each([
  ['is empty', ''],
  ['has a space', 'tok ok'],
  ['has 256 characters', 'x'.repeat(256)],
])('a token that %s is an invalid argument', async (_, paymentMethod) => {
  expect(await refusal(payments.validatePaymentMethod({ paymentMethod }, LIMITS))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    fields: ['paymentMethod'],
  });
});

test('a provider that is down is UNAVAILABLE, and no verdict on the token', async () => {
  const down = { code: 'UNAVAILABLE', reason: 'unavailable' };
  expect(await refusal(payments.validatePaymentMethod({ paymentMethod: 'tok_outage' }, LIMITS))).toMatchObject(down);
  const cut = await fixture.start(
    around(async () => {
      throw new ProviderUnavailable('no answer');
    }),
  );
  expect(await refusal(cut.validatePaymentMethod({ paymentMethod: 'tok_ok' }, LIMITS))).toMatchObject(down);
  // Nobody listens there.
  const unreachable = httpProvider({ url: 'http://127.0.0.1:1' });
  await expect(unreachable.knowsToken('tok_ok')).rejects.toBeInstanceOf(ProviderUnavailable);
  await expect(unreachable.void('ch_1')).rejects.toBeInstanceOf(ProviderUnavailable);
});

test('the provider itself tells known tokens from unknown ones', async () => {
  const validate = (body: unknown) => fixture.provider.call('POST', '/v1/tokens/validate', { body });
  expect(await validate({ token: 'tok_declined' })).toMatchObject({ status: 200, json: { valid: true, code: null } });
  expect(await validate({ token: 'tok_made_up' })).toMatchObject({ status: 200, json: { valid: false, code: 'invalid_token' } });
  expect(await validate({ token: 'tok_outage' })).toMatchObject({ status: 503 });
  expect(await validate({ token: '' })).toMatchObject({ status: 400, json: { error: { code: 'invalid_request' } } });
  expect(await validate({})).toMatchObject({ status: 400 });
});
