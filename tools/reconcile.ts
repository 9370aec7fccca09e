/**
 * `npm run reconcile [-- --repair] [--quiet-ms 0]`: one round of the reconciler on the running platform, and its verdict with
 * counts. Exit code 1 when a rule is violated.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { RECONCILE_WORKFLOW_TYPE, type ReconcileInput, type ReconcileResult, type RuleFinding } from '../contracts/reconcile.ts';
import { BACKGROUND_TASK_QUEUE } from '../contracts/task-queues.ts';
import { findServer } from './temporal-server.ts';

export async function reconcileNow(client: Client, input: ReconcileInput): Promise<ReconcileResult> {
  const args: [ReconcileInput] = [input];
  return client.workflow.execute<(input: ReconcileInput) => Promise<ReconcileResult>>(RECONCILE_WORKFLOW_TYPE, {
    workflowId: `reconcile-${randomUUID()}`,
    taskQueue: BACKGROUND_TASK_QUEUE,
    args,
  });
}

/** The verdict as people read it, the worst first. */
export function verdictLines({ findings, repairable, repaired }: ReconcileResult): string[] {
  const drift = findings.reduce((sum, { violations }) => sum + violations, 0);
  const checked = findings.reduce((sum, finding) => sum + finding.checked, 0);
  return [
    ...findings.toSorted((a, b) => b.violations - a.violations).map(lineOf),
    ...repaired.map(({ orderId, rule, action }) => `repaired: ${action} of order ${orderId} (${rule})`),
    ...(repairable.length > 0 ? [`${repairable.length} can be repaired: npm run reconcile -- --repair`] : []),
    `drift ${drift}: ${findings.length} rules, ${checked} things looked at`,
  ];
}

function lineOf({ rule, checked, violations, examples }: RuleFinding): string {
  const looked = `${String(checked).padStart(7)} looked at`;
  return `${violations === 0 ? 'ok   ' : 'DRIFT'} ${rule.padEnd(48)} ${looked}${violations === 0 ? '' : `, ${violations} wrong: ${examples.join(' ')}`}`;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { repair: { type: 'boolean', default: false }, 'quiet-ms': { type: 'string', default: '0' } },
  });
  const { namespace, ...server } = findServer();
  const connection = await Connection.connect(server);
  try {
    const client = new Client({ connection, namespace });
    const result = await reconcileNow(client, { quietMs: Number(values['quiet-ms']), repair: values.repair });
    process.stdout.write(`${verdictLines(result).join('\n')}\n`);
    return result.findings.some(({ violations }) => violations > 0) ? 1 : 0;
  } finally {
    await connection.close();
  }
}

if (import.meta.main) {
  process.exitCode = await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  });
}
