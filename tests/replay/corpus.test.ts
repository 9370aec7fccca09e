/**
 * The cases of the replay corpus: one for every end of an order and every command, local and in the fallback, parked and resolved.
 * Each brings an order to its end on real Temporal with today's code, and its history replays.
 *
 * `RECORD=1 npm test -- tests/replay/corpus` writes these histories to tests/replay/histories, in place of those that are there.
 * `RECORD=with-points npm test -- tests/replay/corpus -t closed` keeps one under a name of its own: closed-with-points.json.
 * Histories of a running platform, such as of orders that the gateway started, are exported under the names of cases by
 * `npm run replay:export -- --case closed=order-… --case declined=order-…`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { historyFile } from '../../tools/replay-export.ts';
import { bundleWorkflows } from '../../workers/bundle.ts';
import { HISTORIES, replayFolder } from '../../workers/replay.ts';
import { createOrderLab, type OrderLab } from '../workflows/support/order-lab.ts';
import { CASES } from './cases.ts';

let today: WorkflowBundleOption;
let lab: OrderLab;
let scratch: string;

beforeAll(async () => {
  today = await bundleWorkflows();
  lab = await createOrderLab({ workflowBundle: today });
  scratch = mkdtempSync(join(tmpdir(), 'shopfast-corpus-'));
});

afterAll(async () => {
  await lab.close();
  rmSync(scratch, { recursive: true, force: true });
});

test.each(Object.entries(CASES))('%s', async (name, { ends, run }) => {
  const { handle, outcome } = await run(lab);
  await outcome;
  expect(await handle.result()).toMatchObject(ends);
  const history = historyFile(await handle.fetchHistory());
  const folder = mkdtempSync(join(scratch, `${name}-`));
  writeFileSync(join(folder, `${name}.json`), history);
  expect(await replayFolder(folder, today)).toEqual([{ name: `${name}.json`, error: undefined }]);
  record(name, history);
});

function record(name: string, history: string): void {
  const { RECORD: wanted } = process.env;
  if (!wanted) return;
  writeFileSync(join(HISTORIES, `${wanted === '1' ? name : `${name}-${wanted}`}.json`), history);
}
