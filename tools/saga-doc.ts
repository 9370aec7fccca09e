/** `npm run saga`: writes what documents say of the saga's steps from the table in contracts/activities.ts; with --check only compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { SAGA, SAGA_STEPS } from '../contracts/activities.ts';

const calls = SAGA_STEPS.flatMap((step) => Object.keys(SAGA[step].calls));

const steps = [
  '| Step | Calls | Undo | State after it |',
  '|---|---|---|---|',
  '| 0 SubmitOrder | made by the gateway | cancelOrder, also of CreateOrder | SagaInitiated |',
  ...SAGA_STEPS.map((step, nth) => {
    const { calls: own, undo, state } = SAGA[step];
    return `| ${nth + 1} ${step} | ${Object.keys(own).join(', ')} | ${undo ?? '–'} | ${state} |`;
  }),
].join('\n');

/** By file and by the name of the place between `<!-- saga:name -->` and `<!-- /saga -->`. */
const PLACES: readonly (readonly [file: string, name: string, text: string])[] = [
  ['ARCHITECTURE.md', 'steps', steps],
  ['docs/guides/saga.md', 'list', `The steps of an order: ${SAGA_STEPS.join(', ')}.`],
  ['docs/guides/failure-matrix.md', 'calls', `The calls: ${calls.join(', ')}.`],
];

let stale = 0;
for (const [file, name, text] of PLACES) {
  const found = readFileSync(file, 'utf8');
  const [begin, end] = [`<!-- saga:${name} -->\n`, '\n<!-- /saga -->'];
  const [from, to] = [found.indexOf(begin), found.indexOf(end, found.indexOf(begin))];
  if (from < 0 || to < 0) throw new Error(`${file} has no place saga:${name}`);
  const wanted = found.slice(0, from + begin.length) + text + found.slice(to);
  if (wanted === found) continue;
  stale += 1;
  if (process.argv.includes('--check')) process.stderr.write(`${file} is stale: npm run saga\n`);
  else writeFileSync(file, wanted);
}
process.stdout.write(`${SAGA_STEPS.length} steps in ${PLACES.length} documents\n`);
process.exitCode = process.argv.includes('--check') && stale > 0 ? 1 : 0;
