import { globSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const ROOMS = ['gateway', 'platform', 'services', 'simulators', 'workers'];
const DEFINED = /new (?:Counter|Gauge|Histogram)(?:<[^>]*>)?\(\{\s*name: '(\w+)'/g;

test('every metric is in the operators’ list, and none that is gone', () => {
  const sources = ROOMS.flatMap((room) => globSync(`${room}/**/*.ts`)).map((file) => readFileSync(file, 'utf8'));
  const defined = sources.flatMap((source) => [...source.matchAll(DEFINED)].map(([, name = '']) => name));
  const [, list = ''] = readFileSync('docs/runbooks/at-night.md', 'utf8').split('\n## Metrics\n');
  const names = [...list.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) => cell.replaceAll('`', '').split(', '));

  // Whoever finds none has looked in the wrong place.
  expect(defined.length).toBeGreaterThanOrEqual(12);
  expect(names.toSorted()).toEqual(defined.toSorted());
});
