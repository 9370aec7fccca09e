/**
 * docs/guides/adding-a-saga-step.md is true: its patch, applied to a copy of the project, is seven edits, compiles, passes the failure
 * matrix on real services, and the replay gate says yes to it and no to the same step without its marker.
 */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bundleWorkflows } from '../../workers/bundle.ts';
import { HISTORIES, replayFolder } from '../../workers/replay.ts';
import { quietRuntime } from '../workflows/support/order-lab.ts';
import { codeOf, filesOf, readPatch } from './support/patch.ts';
import { createScratch, type Scratch } from './support/scratch.ts';

const PATCH = 'tests/guides/adding-a-saga-step.patch';
const GUIDE = 'docs/guides/adding-a-saga-step.md';

/** The edits of the guide that are made by hand. Each is one file; two of them are several. */
const EDITS: Readonly<Record<string, RegExp>> = {
  'proto rpc': /^proto\/shopfast\/\w+\/v1\/\w+\.proto$/,
  'service use case': /^services\/users\/[\w/-]+\.ts$/,
  'activity interface': /^contracts\/activities\.ts$/,
  activity: /^activities\/\w+\.ts$/,
  // Its row, what it does, and its line in the story.
  'step declaration': /^(contracts\/saga-steps|workflows\/order\/(steps|order))\.ts$/,
  'failure-matrix row': /^tests\/workflows\/support\/matrix-rows\.ts$/,
};
// Made by the recorder.
const HISTORY = 'closed-with-points.json';

const MARKER = "patched('award-points')";

// Milliseconds on a busy machine: generating, checking types, a part of the matrix.
const PROTO_MS = 60_000;
const TYPES_MS = 180_000;
const MATRIX_MS = 300_000;

let scratch: Scratch;

beforeAll(async () => {
  quietRuntime();
  scratch = createScratch();
  await scratch.apply(PATCH);
  expect(await scratch.node(['tools/proto.ts'])).toMatchObject({ code: 0 });
}, PROTO_MS);
afterAll(() => scratch.remove());

test('a step is seven edits: six by hand, and a history that is recorded', () => {
  const { files } = readPatch(PATCH);
  const made = Object.entries(EDITS).map(([edit, place]) => [edit, files.filter((file) => place.test(file)).length]);

  expect(files.filter((file) => !Object.values(EDITS).some((place) => place.test(file)))).toEqual([]);
  expect(Object.fromEntries(made)).toEqual({
    ...Object.fromEntries(Object.keys(EDITS).map((edit) => [edit, 1])),
    'service use case': expect.any(Number),
    'step declaration': 3,
  });
  expect(made.length + 1).toBeLessThanOrEqual(7);
});

test('the guide shows what the patch does', () => {
  const { files, added } = readPatch(PATCH);
  const code = codeOf(GUIDE);

  expect(code.length).toBeGreaterThanOrEqual(Object.keys(EDITS).length);
  for (const block of code) expect(added).toContain(block);
  expect(filesOf(GUIDE).sort()).toEqual([...files, `tests/replay/histories/${HISTORY}`].sort());
});

test(
  'types agree: whatever else is known of steps follows from the table',
  async () => {
    expect(await scratch.node(['node_modules/typescript/bin/tsc', '-p', '.'])).toEqual({ code: 0, output: '' });
  },
  TYPES_MS,
);

test(
  'every way to go wrong in the new step is settled as in the others, normally and replayed',
  async () => {
    const { code, output } = await scratch.jest(['tests/workflows/saga-matrix.test.ts'], [], { MATRIX_CALLS: 'awardPoints' });

    expect(output).toMatch(/1 calls × 12 faults × 2 modes, 24 of 24 cells agree/);
    expect(code).toBe(0);
  },
  MATRIX_MS,
);

test(
  'recorded histories go their way; the new way is recorded, and is refused by code that does not know the step',
  async () => {
    const options = ['-t', 'closed$'];
    const recorded = await scratch.jest(['tests/replay/corpus.test.ts'], options, { RECORD: 'with-points' });
    expect(recorded).toMatchObject({ code: 0 });
    const all = readdirSync(HISTORIES).length + 1;
    expect((await scratch.node(['workers/replay.ts'])).output).toContain(`${all} of ${all} histories`);

    const today = await replayFolder(`${scratch.folder}/tests/replay/histories`, await bundleWorkflows());
    expect(today.filter(({ error }) => error).map(({ name }) => name)).toEqual([HISTORY]);
  },
  MATRIX_MS,
);

test(
  'without its marker the step is caught by every history that goes beyond the payment, and by no other',
  async () => {
    scratch.edit('workflows/order/order.ts', (text) => text.replace(MARKER, 'true'));
    const { code, output } = await scratch.node(['workers/replay.ts']);

    expect(code).toBe(1);
    const caught = [...output.matchAll(/^FAILED {2}([\w-]+\.json): .*nondeterminism/gm)].map(([, name]) => name);
    const paid = readdirSync(`${scratch.folder}/tests/replay/histories`).filter((name) => confirms(scratch, name));
    expect(caught).toEqual(paid);
    expect(paid.length).toBeGreaterThanOrEqual(8);
  },
  PROTO_MS,
);

test('a patch that does not fit any more says how to refresh it', async () => {
  // Applied already.
  await expect(scratch.apply(PATCH)).rejects.toThrow(
    `${PATCH} does not fit the code any more; how to refresh it: tests/guides/README.md`,
  );
});

/** Whether the order of a history came to be confirmed. Local activities are markers, whose details are in base 64. */
function confirms({ read }: Scratch, name: string): boolean {
  const details = [...read(`tests/replay/histories/${name}`).matchAll(/"data": "([\w+/=]+)"/g)];
  return details.some(([, data = '']) => Buffer.from(data, 'base64').toString().includes('"activity_type":"confirm"'));
}
