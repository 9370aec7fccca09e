import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { startChild } from '../bare/child.ts';
import { BARE_TASK_QUEUE } from '../bare/contract.ts';
import type { Ground, Part } from './part.ts';

const CONFIRMED = fileURLToPath(new URL('../../tests/replay/histories/confirmed.json', import.meta.url));
// Replays per second of a round: about what this takes, so that a round is as long as those of the other parts.
const TIMES_PER_SECOND = 30;

/** The workflow's own processor time, by replaying a confirmed order beside a workflow in which nothing happens. */
export async function replayCost({ platform }: Ground): Promise<Part> {
  const order = replayer('../../workflows/registered.ts', JSON.parse(readFileSync(CONFIRMED, 'utf8')));
  const empty = replayer('./workflow.ts', await emptyHistory(platform.facts.temporal.address));
  return {
    name: 'replaying an order',
    says: {
      what: 'replay of a confirmed order, every undo registered, waiting to be shipped',
      beside: 'replay of an empty workflow',
      unit: 'processor ms per call',
      goal: '≤ 0.65 with a sandbox that the SDK does not support',
    },
    ours: (durationMs) => order.round(durationMs),
    other: (durationMs) => empty.round(durationMs),
    async stop() {
      order.stop();
      empty.stop();
    },
  };
}

function replayer(workflows: string, history: unknown) {
  const file = fileURLToPath(new URL('../bare/replay.ts', import.meta.url));
  const child: ChildProcess = fork(file, [workflows]);
  const ready = answer(child);
  return {
    async round(durationMs: number): Promise<number> {
      await ready;
      const replayed = answer(child);
      child.send({ history, times: Math.ceil((durationMs / 1_000) * TIMES_PER_SECOND) });
      return replayed;
    },
    stop: () => child.disconnect(),
  };
}

function answer(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`The replays ended with ${code}`));
    child.once('exit', ended);
    child.once('message', (value) => {
      child.off('exit', ended);
      resolve(Number(value));
    });
  });
}

async function emptyHistory(address: string): Promise<unknown> {
  const worker = await startChild('./worker.ts', [address]);
  const connection = await Connection.connect({ address });
  try {
    const handle = await new Client({ connection }).workflow.start('empty', {
      taskQueue: BARE_TASK_QUEUE,
      workflowId: `empty-${randomUUID()}`,
    });
    await handle.result();
    return JSON.parse(historyToJSON(await handle.fetchHistory()));
  } finally {
    await connection.close();
    await worker.stop();
  }
}
