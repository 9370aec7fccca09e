/**
 * `npm run replay:export -- --workflow-id order-… | --query 'OrderStatus = "CANCELLED"' [--limit 10] [--out folder]`: writes
 * histories of a running server, as `npm run replay` reads them. `--case declined=order-…` names the file: declined.json; the
 * cases of the corpus are in tests/replay/cases.ts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import * as z from 'zod';
import { findServer } from './temporal-server.ts';

const HISTORIES = 'tests/replay/histories';
// Where a worker ran and where its files lie say nothing to a replay and would make each recording differ.
const OF_THE_MACHINE: ReadonlySet<string> = new Set(['identity', 'stackTrace']);

/** A history as it is kept: the server's own JSON without traces of the machine that it ran on. */
export function historyFile(history: History): string {
  const recorded: unknown = JSON.parse(historyToJSON(history));
  return `${JSON.stringify(recorded, withoutMachine, 2)}\n`;
}

function withoutMachine(name: string, value: unknown): unknown {
  if (OF_THE_MACHINE.has(name)) return undefined;
  const sticky = stickyQueue.safeParse(value);
  return sticky.success ? { ...sticky.data, name: 'sticky' } : value;
}

// The name of a sticky queue holds the worker's identity.
const stickyQueue = z.looseObject({ name: z.string(), kind: z.literal('TASK_QUEUE_KIND_STICKY') });

type Wanted = { readonly workflowId: string; readonly file: string };

async function exportHistories(options: { wanted: Wanted[]; query: string | undefined; limit: number; folder: string }) {
  const { namespace, ...server } = findServer();
  const connection = await Connection.connect(server);
  try {
    const client = new Client({ connection, namespace });
    const found = options.query === undefined ? [] : await listIds(client, options.query, options.limit);
    const all = [...options.wanted, ...found.map(underItsId)];
    if (all.length === 0) throw new Error('No workflow matches');
    mkdirSync(options.folder, { recursive: true });
    for (const { workflowId, file } of all) {
      const path = join(options.folder, file);
      writeFileSync(path, historyFile(await client.workflow.getHandle(workflowId).fetchHistory()));
      process.stdout.write(`${path}\n`);
    }
  } finally {
    await connection.close();
  }
}

function underItsId(workflowId: string): Wanted {
  return { workflowId, file: `${workflowId}.json` };
}

/** `declined=order-…` */
function asCase(text: string): Wanted {
  const [, name, workflowId] = /^([\w-]+)=(\S+)$/.exec(text) ?? [];
  if (name === undefined || workflowId === undefined) throw new Error(`--case ${text}: must be <name>=<workflow id>`);
  return { workflowId, file: `${name}.json` };
}

async function listIds(client: Client, query: string, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) {
    if (ids.length >= limit) break;
    ids.push(workflowId);
  }
  return ids;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      'workflow-id': { type: 'string', multiple: true, default: [] },
      case: { type: 'string', multiple: true, default: [] },
      query: { type: 'string' },
      limit: { type: 'string', default: '10' },
      out: { type: 'string', default: HISTORIES },
    },
  });
  await exportHistories({
    wanted: [...values['workflow-id'].map(underItsId), ...values.case.map(asCase)],
    query: values.query,
    limit: Number(values.limit),
    folder: values.out,
  });
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
