import { expect, test } from '@jest/globals';
import { storable } from '../../activities/orders.ts';
import { cancelOrderSchema } from '../../services/orders/api/requests.ts';

const id = '0197a3c2-0000-7000-8000-000000000001';

/** What orders makes of a cancellation with these facts. */
function taken(facts: Record<string, string>) {
  const request = {
    idempotencyKey: 'k',
    orderId: id,
    reason: 'internal',
    failedStep: '',
    undoesKey: 'u',
    facts,
    actorId: '',
    note: '',
  };
  return cancelOrderSchema.parse(request).facts;
}

test('facts that orders takes are passed on as they are', () => {
  const facts = { product_id: id, available_quantity: '3' };
  expect(storable(facts)).toEqual(facts);
  expect(taken(storable(facts))).toEqual(facts);
});

test.each<[string, Record<string, string>, Record<string, string>]>([
  ['a name that is no word', { 'Not a word': 'x', word: 'y' }, { word: 'y' }],
  ['a name that is too long', { ['x'.repeat(65)]: 'x' }, {}],
  ['a value that is too long', { word: 'x'.repeat(201) }, { word: 'x'.repeat(200) }],
  ['a value that grows when it is normalised', { word: '\u1e69'.normalize('NFD').repeat(200) }, { word: '\u1e69'.repeat(200) }],
  ['a control character', { word: 'a\u0000b\nc' }, { word: 'a b c' }],
])('%s never makes an undo fail', (_, given, expected) => {
  expect(storable(given)).toEqual(expected);
  expect(taken(storable(given))).toEqual(expected);
});

test('of more than 16 facts the first 16 are passed on', () => {
  const many = Object.fromEntries(Array.from('abcdefghijklmnopqrst', (letter) => [letter, letter]));
  expect(Object.keys(storable(many))).toEqual(Array.from('abcdefghijklmnop'));
  expect(() => taken(many)).toThrow();
  expect(() => taken(storable(many))).not.toThrow();
});
