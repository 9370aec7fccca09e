/** `npm run saga`: writes what documents say of the saga's steps from contracts/saga-steps.ts; with --check only compares. */
import { readFileSync, writeFileSync } from 'node:fs';
import { SAGA_STEPS, STEP_NAMES } from '../contracts/saga-steps.ts';

const steps = [
  '| Step | Activity | First attempt | Undo | State after it |',
  '|---|---|---|---|---|',
  '| 0 SubmitOrder | called by the gateway | – | cancelOrder, also of CreateOrder | SagaInitiated |',
  ...STEP_NAMES.map((step, nth) => {
    const { activity, mode, undo, reaches } = SAGA_STEPS[step];
    const first = mode === 'regular' ? 'regular' : 'local';
    return `| ${nth + 1} ${step} | ${activity} | ${first} | ${undo ?? '–'} | ${reaches} |`;
  }),
].join('\n');

/** By file and by the name of the place between `<!-- saga:name -->` and `<!-- /saga -->`. */
const PLACES: readonly (readonly [file: string, name: string, text: string])[] = [
  ['ARCHITECTURE.md', 'steps', steps],
  ['docs/guides/saga.md', 'list', `The steps of an order: ${STEP_NAMES.join(', ')}.`],
  [
    'docs/guides/failure-matrix.md',
    'activities',
    `The activities: ${STEP_NAMES.map((step) => SAGA_STEPS[step].activity).join(', ')}.`,
  ],
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
process.stdout.write(`${STEP_NAMES.length} steps in ${PLACES.length} documents\n`);
process.exitCode = process.argv.includes('--check') && stale > 0 ? 1 : 0;
