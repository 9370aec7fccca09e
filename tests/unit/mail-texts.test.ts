import { expect, test } from '@jest/globals';
import { mailTextOf } from '../../activities/events/mail-texts.ts';
import { REASONS } from '../../contracts/reasons.ts';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';

const event = (type: string, facts: Record<string, string> = {}, amount?: Event['amount']): Event => ({
  id: 'e-1',
  type,
  version: 1,
  orderId: 'o-1',
  userId: 'u-1',
  at: new Date(0),
  ...(amount ? { amount } : {}),
  facts,
  sequence: 1,
});

test('each mail names the order and its facts', () => {
  const euros = { amountMinor: 2_870, currency: 'EUR' };
  expect(mailTextOf(event('order.paid', {}, euros))?.text).toMatch(/o-1.*Amount: €28\.70\n/s);
  expect(mailTextOf(event('order.shipped', { carrier: 'DHL', tracking_number: 'X1' }))?.text).toMatch(
    /o-1.*Carrier: DHL\nTracking number: X1\n/s,
  );
  expect(mailTextOf(event('payment.refunded', {}, { amountMinor: 500, currency: 'JPY' }))?.text).toMatch(/o-1.*Amount: ¥500\n/s);
  expect(mailTextOf(event('order.cancelled', { reason: 'insufficient_stock' }))).toMatchObject({
    subject: 'Your order could not be accepted',
    text: expect.stringMatching(/o-1.*Reason: a product is out of stock\n/s),
  });
  expect(mailTextOf(event('order.cancelled', { reason: 'order_cancelled' }))?.subject).toBe('Your order is cancelled');
});

test('an absent fact leaves no empty line and no "undefined"', () => {
  for (const type of ['order.paid', 'order.shipped', 'order.cancelled', 'payment.refunded']) {
    expect(mailTextOf(event(type))?.text).not.toMatch(/undefined|\n\n/);
  }
});

test('every reason is in plain words, also an unknown one', () => {
  for (const reason of [...REASONS.filter((known) => known !== 'order_cancelled'), 'a_new_one']) {
    expect(mailTextOf(event('order.cancelled', { reason }))?.text).toMatch(/Reason: [a-z ,]+\n/);
  }
});

test('there is no mail about any other event', () => {
  for (const type of ['order.reserved', 'order.delivered', 'user.registered', 'payment.captured', '', 'toString']) {
    expect(mailTextOf(event(type))).toBeUndefined();
  }
});

// Digits of ISO 4217, which differ from those that a locale displays.
test.each([
  ['HUF', 1_234_500, 'HUF 12,345.00'],
  ['IDR', 2_000_000, 'IDR 20,000.00'],
  ['IQD', 1_500, 'IQD 1.500'],
  ['JPY', 500, '¥500'],
  ['EUR', 2_870, '€28.70'],
])('a mail shows an amount in %s by its minor digits', (currency, amountMinor, shown) => {
  const text = mailTextOf(event('payment.refunded', {}, { amountMinor, currency }))?.text.replaceAll('\u00a0', ' ');
  expect(text).toContain(`Amount: ${shown}\n`);
});
