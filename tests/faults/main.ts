/** `npm run faults -- --case raw-sockets`: runs one case of faults; without `--case` the kills. Each case has options of its own. */
import { parseArgs } from 'node:util';

// A case is a module that runs when it is loaded, and sets the exit code.
const CASES: Readonly<Record<string, string>> = {
  kills: './kills.ts',
  'raw-sockets': './raw-sockets.ts',
};

const { values } = parseArgs({ options: { case: { type: 'string', default: 'kills' } }, strict: false });
const file = CASES[String(values.case)];
if (file) await import(file);
else {
  process.stderr.write(`There is no case ${String(values.case)}; there are ${Object.keys(CASES).join(', ')}.\n`);
  process.exitCode = 1;
}
