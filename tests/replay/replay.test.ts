import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';
import { eventually } from '../../testkit/eventually.ts';
import { bundleWorkflows } from '../../workers/bundle.ts';
import { HISTORIES, type Replayed, replayFolder } from '../../workers/replay.ts';
import { refuse } from '../workflows/support/fake-activities.ts';
import { createOrderLab, quietRuntime } from '../workflows/support/order-lab.ts';
import { CASES } from './cases.ts';

let scratch: string;
let today: WorkflowBundleOption;

beforeAll(async () => {
  quietRuntime();
  scratch = mkdtempSync(join(tmpdir(), 'shopfast-replay-'));
  today = await bundleWorkflows();
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

// The first lines of the story.
const VALIDATE = '  await saga.run(ValidateUser);\n';
const RESERVE = '  const { lines } = await saga.run(ReserveInventory, { lines: order.lines });\n';

// Histories of workflows other than an order's.
const OTHERS: readonly string[] = ['dispatch-events'];
const ofOrders = ({ name }: Replayed) => !OTHERS.includes(name.replace('.json', ''));

test("today's workflow code goes the way of every recorded history", async () => {
  const replayed = await replayFolder(HISTORIES, today);

  expect(replayed.filter(({ error }) => error)).toEqual([]);
  const names = replayed.map(({ name }) => name.replace('.json', ''));
  expect(new Set(names)).toEqual(new Set([...Object.keys(CASES), ...OTHERS]));
});

test('a version that takes two steps in another order is caught by every history that has both', async () => {
  const swapped = await bundleEdited((source) => source.replace(VALIDATE + RESERVE, RESERVE + VALIDATE));

  const replayed = await replayFolder(HISTORIES, swapped);

  const caught = replayed.filter(({ error }) => /nondeterminism/i.test(String(error))).map(({ name }) => name);
  expect(caught).toEqual(replayed.filter(ofOrders).map(({ name }) => name));
});

test('a version that leaves a step out, or takes one more, is caught by every history that has it', async () => {
  const without = await bundleEdited((source) => source.replace(VALIDATE, ''));
  const twice = await bundleEdited((source) => source.replace(VALIDATE, VALIDATE.repeat(2)));

  for (const bundle of [without, twice]) {
    const replayed = await replayFolder(HISTORIES, bundle);
    const caught = replayed.filter(({ error }) => /nondeterminism/i.test(String(error))).map(({ name }) => name);
    // An order that was refused there never comes to the second one.
    const met = replayed.filter(ofOrders).filter(({ name }) => bundle === without || !name.startsWith('unknown-user'));
    expect(caught).toEqual(met.map(({ name }) => name));
  }
});

test('a version that undoes in another order is caught', async () => {
  const reversed = await bundleEdited(
    (source) => source.replace('this.#entries.toReversed()', '[...this.#entries]'),
    'order/undo-list.ts',
  );

  const replayed = await replayFolder(HISTORIES, reversed);

  const caught = replayed.filter(({ error }) => error).map(({ name }) => name);
  expect(caught).toEqual(expect.arrayContaining(['declined.json', 'cancelled-when-paid.json', 'hold-expired.json']));
  expect(caught).not.toContain('closed.json');
});

test('a dispatcher that works another number of times before it begins anew is caught', async () => {
  const longer = await bundleEdited((source) => source.replace('ROUNDS = 24', 'ROUNDS = 25'), 'dispatch.ts');

  const replayed = await replayFolder(HISTORIES, longer);

  expect(replayed.filter(({ error }) => error).map(({ name }) => name)).toEqual(['dispatch-events.json']);
});

test('a history that was tampered with is caught', async () => {
  const folder = mkdtempSync(join(scratch, 'tampered-'));
  const history = readFileSync(join(HISTORIES, 'closed.json'), 'utf8');
  writeFileSync(join(folder, 'closed.json'), history.replace('"name": "processPayment"', '"name": "refundPayment"'));

  const [replayed] = await replayFolder(folder, today);

  expect(String(replayed?.error)).toMatch(/nondeterminism/i);
});

test('the command fails when it finds nothing to replay', () => {
  const folder = mkdtempSync(join(scratch, 'empty-'));
  const { status, stdout } = spawnSync(process.execPath, ['workers/replay.ts', folder], { encoding: 'utf8' });

  expect(stdout).toContain('0 of 0 histories');
  expect(status).toBe(1);
});

test('the history of a running server can be exported and replayed, by its id, by a query and under the name of a case', async () => {
  const lab = await createOrderLab({ workflowBundle: today });
  const order = lab.place({ processPayment: () => refuse('payment_declined') });
  await order.outcome;
  await order.handle.result();
  const name = `${order.handle.workflowId}.json`;
  const selections = [
    [name, '--workflow-id', order.handle.workflowId],
    [name, '--query', `WorkflowId = "${order.handle.workflowId}" and OrderStatus = "CANCELLED"`],
    ['declined.json', '--case', `declined=${order.handle.workflowId}`],
  ] as const;
  for (const [file, ...selection] of selections) {
    const folder = mkdtempSync(join(scratch, 'exported-'));
    // Lists are eventually consistent.
    await eventually(
      async () => exportHistories(['--out', folder, ...selection], lab.temporal.address),
      (status) => status === 0,
    );
    expect(await replayFolder(folder, today)).toEqual([{ name: file, error: undefined }]);
  }
  await lab.close();
});

test('recorded histories name no machine and no file of one', () => {
  for (const name of readdirSync(HISTORIES)) {
    expect(readFileSync(join(HISTORIES, name), 'utf8')).not.toMatch(/"identity"|"stackTrace"|file:\/\/|"\d+@/);
  }
});

function exportHistories(options: string[], temporal: string): number | null {
  const env = { PATH: process.env.PATH, TEMPORAL_ADDRESS: temporal };
  return spawnSync(process.execPath, ['tools/replay-export.ts', ...options], { env, stdio: 'ignore' }).status;
}

/** Bundles a copy of the workflow code in which one file was edited. */
async function bundleEdited(edit: (source: string) => string, file = 'order/order.ts'): Promise<WorkflowBundleOption> {
  const folder = mkdtempSync(join(scratch, 'edited-'));
  for (const part of ['workflows', 'contracts', 'proto', 'package.json']) cpSync(part, join(folder, part), { recursive: true });
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
  const path = join(folder, 'workflows', file);
  const source = readFileSync(path, 'utf8');
  const edited = edit(source);
  expect(edited).not.toBe(source);
  writeFileSync(path, edited);
  return bundleWorkflowCode({
    workflowsPath: join(folder, 'workflows', 'registered.ts'),
    logger: new DefaultLogger('WARN'),
  });
}
