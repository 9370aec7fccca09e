import { expect, test } from '@jest/globals';
import { medianInterval } from '../../bench/load.ts';

test.each([
  // Of so many values the interval leaves out this many on each side: the sign test's 2.5 % (Conover, Practical Nonparametric Statistics).
  { n: 5, outside: 0 },
  { n: 6, outside: 0 },
  { n: 9, outside: 1 },
  { n: 10, outside: 1 },
  { n: 20, outside: 5 },
])('the 95 % interval of the median of $n values leaves out $outside on each side', ({ n, outside }) => {
  const values = Array.from({ length: n }, (_, index) => n - index);
  expect(medianInterval(values)).toEqual({ median: (n + 1) / 2, low: 1 + outside, high: n - outside });
});
