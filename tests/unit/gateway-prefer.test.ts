import { expect, test } from '@jest/globals';
import { preferredWait } from '../../gateway/http/prefer.ts';

test.each([
  ['', 10_000, undefined],
  ['wait=3', 3_000, 'wait=3'],
  ['wait = 3', 3_000, 'wait=3'],
  ['wait="3"', 3_000, 'wait=3'],
  ['Wait=3; foo=bar', 3_000, 'wait=3'],
  ['wait=0', 0, 'wait=0'],
  ['wait=99', 25_000, 'wait=25'],
  ['wait=999999999999', 10_000, undefined],
  ['wait=-1', 10_000, undefined],
  ['wait=soon', 10_000, undefined],
  ['respond-async', 0, 'respond-async'],
  ['respond-async, wait=5', 5_000, 'wait=5'],
  ['return=minimal', 10_000, undefined],
])('Prefer: %s waits %i ms', (header, waitMs, applied) => {
  expect(preferredWait(header, 10_000)).toEqual({ waitMs, applied });
});
