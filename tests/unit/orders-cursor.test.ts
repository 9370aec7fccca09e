import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { v7 } from 'uuid';
import { decodeCursor, encodeCursor, type ListOf } from '../../services/orders/domain/reads/cursor.ts';

const LIST: ListOf = {
  userId: randomUUID(),
  status: undefined,
  createdFrom: undefined,
  createdTo: undefined,
  failedStep: '',
  orderIds: [],
};
const POSITION = { createdAt: new Date('2026-11-21T07:12:01.179Z'), id: v7() };
const refused = expect.objectContaining({
  reason: 'validation_failed',
  violations: [expect.objectContaining({ field: 'cursor' })],
});

test('a cursor leads back to its position', () => {
  expect(decodeCursor(LIST, encodeCursor(LIST, POSITION))).toEqual(POSITION);
});

test('a cursor with any one character changed, dropped or added is refused', () => {
  const cursor = encodeCursor(LIST, POSITION);
  for (let at = 0; at < cursor.length; at += 1) {
    const other = cursor[at] === 'A' ? 'B' : 'A';
    for (const put of [other, '', `${cursor[at]}=`, `${cursor[at]} `]) {
      const altered = cursor.slice(0, at) + put + cursor.slice(at + 1);
      expect(() => decodeCursor(LIST, altered)).toThrow(refused);
    }
  }
});

test('a cursor of another user or another filter is refused', () => {
  const cursor = encodeCursor(LIST, POSITION);
  const others: Partial<ListOf>[] = [
    { userId: randomUUID() },
    { userId: '' },
    { status: 'PAID' },
    { createdFrom: new Date(0) },
    { createdTo: new Date(0) },
    { failedStep: 'ProcessPayment' },
    { orderIds: [v7()] },
  ];
  const all = others.map((other) => ({ ...LIST, ...other }));
  for (const other of all) expect(() => decodeCursor(other, cursor)).toThrow(refused);
  // Nor is any of theirs good for another of them.
  const cursors = all.map((list) => encodeCursor(list, POSITION));
  expect(new Set(cursors).size).toBe(others.length);
});

test('any text that is not a cursor is refused and nothing else is thrown', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      expect(() => decodeCursor(LIST, text)).toThrow(refused);
    }),
  );
});
