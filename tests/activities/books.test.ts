/** What the reconciler reads: the services' effects per order, whatever else a newer service tells. */
import { expect, test } from '@jest/globals';
import { readBooks } from '../../activities/audit/books.ts';
import type { Effect } from '../../proto/gen/shopfast/audit/v1/audit.ts';

const AT = new Date('2026-11-27T08:00:00Z');

function effect(kind: string, amountMinor?: number, reference = ''): Effect {
  const amount = amountMinor === undefined ? undefined : { amountMinor, currency: 'EUR' };
  return { sequence: 1, kind, orderId: 'an order', userId: 'a user', reference, amount, at: AT };
}

async function* nothing() {}

async function booksOf(told: { orders?: Effect[]; products?: Effect[]; payments?: Effect[] }) {
  const list = (effects: Effect[] = []) => ({ listEffects: async () => ({ effects, nextCursor: '' }) });
  const calls = { orders: list(told.orders), products: list(told.products), payments: list(told.payments) };
  const books = await readBooks(calls, nothing(), () => {});
  return books.get('an order');
}

test('kinds of effects that are not known are no statuses and change no total', async () => {
  const orders = [effect('SUBMITTED'), effect('PAID', 1_680), effect('gift_wrapped', 5), effect('ON_HOLD', 7)];
  const book = await booksOf({ orders, products: [effect('reserved'), effect('counted')], payments: [effect('disputed', 9)] });
  expect(book).toMatchObject({
    statuses: ['SUBMITTED', 'PAID'],
    totalMinor: 1_680,
    stock: ['reserved'],
    chargedMinor: 0,
    refundedMinor: 0,
  });
});

test('what became of the stock is told in the order in which it was written, whatever the times say', async () => {
  // A release that waited for the reserve: its transaction had begun before.
  const reserved = { ...effect('reserved'), sequence: 7, at: new Date(AT.getTime() + 5) };
  const released = { ...effect('released'), sequence: 8 };
  expect(await booksOf({ products: [released, reserved] })).toMatchObject({ stock: ['reserved', 'released'] });
});
