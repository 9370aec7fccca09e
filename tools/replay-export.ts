/**
 * `npm run replay:export -- --workflow-id order-… | --query 'OrderStatus = "CANCELLED"' [--limit 10] [--out folder]`: writes the
 * histories of ended workflows of a running server, as `npm run replay` reads them.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import * as z from 'zod';
import { address } from '../platform/config/fields.ts';
import { loadConfig } from '../platform/config/load.ts';

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

const environment = z.object({
  TEMPORAL_ADDRESS: address("The Temporal server; absent: the running platform's.").optional(),
  TEMPORAL_NAMESPACE: z.string().default('default').describe('The Temporal namespace that orders run in.'),
  TEMPORAL_API_KEY: z.string().optional().describe('An API key for Temporal Cloud; turns TLS on. Secret.'),
  SHOPFAST_DATA_DIR: z.string().default('.data').describe('Where a running platform writes its facts.'),
});

const facts = z.object({ temporal: z.object({ address: z.string(), namespace: z.string() }) });

/** The running platform's Temporal, unless TEMPORAL_ADDRESS names another. */
function findServer() {
  const config = loadConfig(environment);
  const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE: namespace, TEMPORAL_API_KEY: apiKey } = config;
  if (TEMPORAL_ADDRESS) return { namespace, address: TEMPORAL_ADDRESS, ...(apiKey ? { apiKey, tls: true } : {}) };
  const file = join(config.SHOPFAST_DATA_DIR, 'platform.json');
  if (!existsSync(file)) throw new Error(`No platform runs here (no ${file}): npm start, or set TEMPORAL_ADDRESS`);
  return facts.parse(JSON.parse(readFileSync(file, 'utf8'))).temporal;
}

async function exportHistories(options: { workflowIds: string[]; query: string | undefined; limit: number; folder: string }) {
  const { namespace, ...server } = findServer();
  const connection = await Connection.connect(server);
  try {
    const client = new Client({ connection, namespace });
    const found = options.query === undefined ? [] : await listIds(client, options.query, options.limit);
    const workflowIds = [...options.workflowIds, ...found];
    if (workflowIds.length === 0) throw new Error('No workflow matches');
    mkdirSync(options.folder, { recursive: true });
    for (const workflowId of workflowIds) {
      const file = join(options.folder, `${workflowId}.json`);
      writeFileSync(file, historyFile(await client.workflow.getHandle(workflowId).fetchHistory()));
      process.stdout.write(`${file}\n`);
    }
  } finally {
    await connection.close();
  }
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
      query: { type: 'string' },
      limit: { type: 'string', default: '10' },
      out: { type: 'string', default: HISTORIES },
    },
  });
  await exportHistories({
    workflowIds: values['workflow-id'],
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
