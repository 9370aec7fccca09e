/** Replays one history again and again in the sandbox, and tells the milliseconds of processor time that each time took. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';

process.on('disconnect', () => process.exit(0));
Runtime.install({ logger: new DefaultLogger('ERROR', () => {}) });
const [workflows = ''] = process.argv.slice(2);
const workflowBundle = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL(workflows, import.meta.url)),
  logger: new DefaultLogger('ERROR'),
});
process.on('message', (order: Round) => {
  // What fails ends the process, and whoever waits is told.
  void replay(order).then((ms) => process.send?.(ms));
});
process.send?.(0);

type Round = { readonly history: unknown; readonly times: number };

async function replay({ history, times }: Round): Promise<number> {
  const histories = Array.from({ length: times }, (_, n) => ({ workflowId: `w${n}`, history }));
  const before = process.cpuUsage();
  for await (const { error } of Worker.runReplayHistories({ workflowBundle }, histories)) if (error) throw error;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 / times;
}
