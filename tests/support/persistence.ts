import type { Client } from '@temporalio/client';
import { orderWorkflowId } from '../../contracts/ids.ts';

// Milliseconds between two attempts.
const AGAIN_MS = 250;

/** Sends until there is an answer that is one; what is sent carries its key, so that it happens once. */
export async function persist<T extends { readonly status: number }>(send: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await send().catch(() => undefined);
    if (answer && answer.status < 500 && answer.status !== 429 && answer.status !== 499) return answer;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/** Its saga has its outcome. A paid order lives on. */
export async function isDecided(client: Client, orderId: string): Promise<boolean> {
  const { status, searchAttributes } = await client.workflow.getHandle(orderWorkflowId(orderId)).describe();
  return status.name !== 'RUNNING' || searchAttributes.OrderStatus?.[0] === 'PAID';
}

/** Works on all of them, so many at once. */
export async function inTurns<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
