/** `npm run verify`: everything that must hold beside the tests, cheapest first. Stops at nothing, reports everything. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { apiAsDescribed, MissingPart } from './checks/api-description.ts';
import { checkBoundaries } from './checks/boundaries.ts';
import { brokenLinks, markdownFiles, unprovenClaims } from './checks/docs.ts';
import { protoDrift } from './checks/generated.ts';
import { manifestProblems } from './checks/manifest.ts';
import { crowdedRooms } from './checks/rooms.ts';
import { strayingSql } from './checks/sql-strings.ts';
import { strayingTransitions } from './checks/transitions.ts';

/**
 * A check answers what it saw, in a few words, or throws what is wrong. A check that saw nothing has failed. One that needs more than npm
 * packages throws MissingPart on a machine that lacks it: it is skipped, with the name of the part.
 */
type Check = { readonly name: string; readonly run: () => string | Promise<string> };

const ROOMS = [
  'proto/gen',
  'contracts',
  'platform',
  'services',
  'simulators',
  'activities',
  'workflows',
  'workers',
  'gateway',
  'tools',
  'local',
];
// Imported by tests and the bench alone.
const TEST_ROOMS = ['testkit', 'bench'];
// Floors, so that a checker that sees no files does not pass: about nine tenths of what there is.
const MODULES_FLOOR = 500;
const TYPED_FILES_FLOOR = 640;
const CLAIMS_FLOOR = 155;
const ROOMS_FLOOR = 15;
const SQL_FILES_FLOOR = 420;
const DOMAIN_FILES_FLOOR = 85;

// Programs that are built with Go, once, in about ten minutes: the platform on Temporal with PostgreSQL, the compose files' schema.
const { values: options } = parseArgs({
  options: { 'with-go': { type: 'boolean', default: false }, 'with-python': { type: 'boolean', default: false } },
});

const checks: readonly Check[] = [
  { name: 'manifest', run: () => failing(manifestProblems().problems, `${manifestProblems().packages} exact versions`) },
  { name: 'format and lint', run: () => tool('biome', ['check', '--error-on-warnings', '.']) },
  { name: 'types', run: types },
  { name: 'promises', run: () => tool('oxlint', ['-c', '.oxlintrc.json', '--type-aware', '--deny-warnings', '.']) },
  { name: 'boundaries', run: boundaries },
  { name: 'files per room', run: () => atLeast(ROOMS_FLOOR, crowdedRooms('.', [...ROOMS, ...TEST_ROOMS]), 'rooms') },
  { name: 'SQL in store/ only', run: () => atLeast(SQL_FILES_FLOOR, strayingSql('.', ROOMS), 'files') },
  { name: 'one transition', run: () => atLeast(DOMAIN_FILES_FLOOR, strayingTransitions('.'), 'files') },
  { name: 'contracts lint', run: () => tool('buf', ['lint']) },
  // Against the contracts that others may speak already; a release writes them anew: buf build -o proto/baseline.binpb
  { name: 'contracts compatible', run: () => tool('buf', ['breaking', '--against', 'proto/baseline.binpb']) },
  { name: 'generated code', run: generatedCode },
  { name: '.env.example', run: () => script('tools/env-example.ts', ['--check']) },
  { name: 'docs/problems.md', run: () => script('gateway/http/problems/document.ts', ['--check']) },
  { name: 'saga steps in docs', run: () => script('tools/saga-doc.ts', ['--check']) },
  { name: 'anatomy', run: () => script('tools/anatomy.ts', ['--check']) },
  { name: 'links', run: () => failing(brokenLinks(markdownFiles()), `${markdownFiles().length} documents`) },
  { name: 'claims', run: claims },
  { name: 'replay', run: () => script('workers/replay.ts', []) },
  ...(options['with-python'] ? [{ name: 'API as described', run: apiAsDescribed }] : []),
  ...(options['with-go'] ? [{ name: 'with Go', run: withGo }] : []),
];

let failed = 0;
let skipped = 0;
for (const { name, run } of checks) {
  const startedMs = performance.now();
  try {
    const seen = (await run()).trim().split('\n').at(-1) ?? '';
    process.stdout.write(`ok    ${name.padEnd(22)} ${seen} (${Math.round(performance.now() - startedMs)} ms)\n`);
  } catch (error: unknown) {
    if (error instanceof MissingPart) {
      skipped += 1;
      process.stdout.write(`SKIP  ${name.padEnd(22)} ${error.message}\n`);
      continue;
    }
    failed += 1;
    process.stdout.write(`FAIL  ${name}\n${error instanceof Error ? error.message : String(error)}\n`);
  }
}
process.stdout.write(`verify: ${checks.length - failed - skipped} passed, ${failed} failed, ${skipped} skipped\n`);
process.exit(failed === 0 ? 0 : 1);

function types(): string {
  const files = tool('tsc', ['-p', '.', '--listFilesOnly'])
    .split('\n')
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'));
  if (files.length < TYPED_FILES_FLOOR) throw new Error(`The type checker saw only ${files.length} files`);
  tool('tsc', ['-p', '.']);
  return `${files.length} files`;
}

async function boundaries(): Promise<string> {
  const { modules, violations } = await checkBoundaries(process.cwd(), [...ROOMS, ...TEST_ROOMS]);
  if (modules < MODULES_FLOOR) throw new Error(`The boundary checker saw only ${modules} modules`);
  return failing(violations, `${modules} modules`);
}

function generatedCode(): string {
  const { files, drift } = protoDrift();
  return failing(
    drift.map((file) => `proto/gen/${file} is stale: npm run proto`),
    `${files} files`,
  );
}

/** Shows what it does: it takes minutes. */
function withGo(): string {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  execFileSync(process.execPath, [...flags, 'node_modules/jest/bin/jest.js', '--config', 'tests/with-go/jest.config.mjs'], {
    stdio: 'inherit',
  });
  return 'all of its tests';
}

function claims(): string {
  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')));
  const { rows, problems } = unprovenClaims(readFileSync('docs/claims.md', 'utf8'), new Set(Object.keys(scripts)));
  if (rows < CLAIMS_FLOOR) throw new Error(`docs/claims.md has only ${rows} rows`);
  return failing(problems, `${rows} rows`);
}

/** A check that saw fewer things than there are has failed as well. */
function atLeast<K extends 'rooms' | 'files'>(
  floor: number,
  report: Record<K, number> & { problems: readonly string[] },
  what: K,
): string {
  if (report[what] < floor) throw new Error(`Only ${report[what]} ${what} were looked at`);
  return failing(report.problems, `${report[what]} ${what}`);
}

function failing(problems: readonly string[], seen: string): string {
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return seen;
}

function tool(name: string, args: readonly string[]): string {
  return execute(`node_modules/.bin/${name}`, args);
}

function script(file: string, args: readonly string[]): string {
  return (
    execute(process.execPath, [file, ...args])
      .trim()
      .split('\n')
      .at(-1) ?? ''
  );
}

function execute(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, [...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 * 1024 * 1024 });
  } catch (error: unknown) {
    const { stdout, stderr } = z.object({ stdout: z.string(), stderr: z.string() }).parse(error);
    throw new Error(`${stdout}${stderr}`.trim() || `${command} failed`, { cause: error });
  }
}
