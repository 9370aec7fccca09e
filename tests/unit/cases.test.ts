/**
 * The lists of cases: idempotency (I), overselling (O) and the expiry of holds (E). A test, or a row of a table of tests, that shows a
 * case begins with its number, so that this finds it.
 */
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const LISTS = { I: 58, O: 8, E: 9 } as const;

/** Cases that this product cannot have, and why. */
const NOT_HERE: Readonly<Record<string, string>> = {
  E3: 'nothing extends a hold: the saga gives up paying well before it expires',
};

/** Cases of which a part cannot be shown yet, and why. */
const IN_PART: Readonly<Record<string, string>> = {
  I14: '401 only: there is no rate limiter yet; it will stand before the body is read, like the refusals that are tested',
  I17: 'answers between services only: over HTTP nothing is stored, the order is told in the words of the version that is asked',
  I37: 'reserve; a charge commits and answers in one statement, whose crash after it is that of I36 to its caller',
  I45: 'the provider is asked and never calls back; what it did is learned another way, by a refund',
  I46: 'there is no reaper: nothing is ever removed, so nothing in progress is',
  E7: 'as I45: a late charge is found by the undo, and a hold that is gone at the end gives the money back',
  E9: 'an order does not supersede another; the second is one more buyer',
};

const NUMBERED = /['"`]((?:[IOE]\d+ )+)\S/g;

function casesIn(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(NUMBERED)].flatMap(([, numbers = '']) => numbers.trim().split(' '));
}

/** Idempotency has more than nine cases, and its numbers two digits. */
const numbered = (list: string, n: number): string => `${list}${list === 'I' ? String(n).padStart(2, '0') : n}`;

const files = globSync('tests/**/*.test.ts').filter((file) => !file.endsWith('cases.test.ts'));
const shown = files.flatMap(casesIn);

test.each(Object.entries(LISTS))('every case of list %s, 1 to %i, is a test or cannot be', (list, count) => {
  const all = Array.from({ length: count }, (_, n) => numbered(list, n + 1));
  const missing = all.filter((number) => !shown.includes(number) && NOT_HERE[number] === undefined);
  expect(missing).toEqual([]);
  const inPart = all.filter((number) => IN_PART[number] !== undefined);
  const tests = shown.filter((number) => all.includes(number)).length;
  process.stdout.write(
    `Cases ${list}: ${all.length - inPart.length} in full, ${inPart.length} in part (${inPart.join(' ')}), shown by ${tests} tests and rows\n`,
  );
});

test('there is no case of a number that no list has', () => {
  expect(files.length).toBeGreaterThan(90);
  const known = Object.entries(LISTS).flatMap(([list, count]) => Array.from({ length: count }, (_, n) => numbered(list, n + 1)));
  expect(shown.filter((number) => !known.includes(number))).toEqual([]);
});
