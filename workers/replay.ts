/**
 * `npm run replay [folder]`: runs today's workflow code against recorded histories, each from its start as a worker without a
 * cache does, and fails when one of them would not go the way it went.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, type ReplayResult, Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { bundleWorkflows } from './bundle.ts';

export const HISTORIES = fileURLToPath(new URL('../tests/replay/histories', import.meta.url));

export type Replayed = { readonly name: string; readonly error: ReplayResult['error'] };

/** Replays every `.json` file of the folder, in the order of their names. */
export async function replayFolder(folder: string, workflowBundle: WorkflowBundleOption): Promise<Replayed[]> {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort();
  const histories = names.map((name) => ({ workflowId: name, history: JSON.parse(readFileSync(join(folder, name), 'utf8')) }));
  const replayed: Replayed[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle }, histories)) {
    replayed.push({ name: workflowId, error });
  }
  if (replayed.length !== names.length) throw new Error(`${names.length - replayed.length} histories were not replayed`);
  return replayed;
}

async function main(folder: string): Promise<number> {
  Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
  const replayed = await replayFolder(folder, await bundleWorkflows());
  for (const { name, error } of replayed)
    process.stdout.write(error ? `FAILED  ${name}: ${error.message}\n` : `ok      ${name}\n`);
  const failures = replayed.filter(({ error }) => error !== undefined).length;
  const where = relative(process.cwd(), folder) || '.';
  process.stdout.write(`${replayed.length - failures} of ${replayed.length} histories in ${where} replayed\n`);
  return replayed.length === 0 || failures > 0 ? 1 : 0;
}

if (import.meta.main) process.exitCode = await main(process.argv[2] ?? HISTORIES);
