import { randomUUID } from 'node:crypto';
import { Client, Connection, WithStartWorkflowOperation } from '@temporalio/client';
import { OUTCOME_UPDATE_ID, orderStatusAttribute } from '../contracts/order.ts';
import { nodeOptionsOf } from '../testkit/node-options.ts';
import type { Facts, Shop } from '../testkit/shop.ts';
import { startChild } from './bare/child.ts';
import { BARE_TASK_QUEUE, BARE_WORKFLOW_TYPE, bareOutcome } from './bare/contract.ts';
import type { Rival } from './measure.ts';
import { createPlaceOrder } from './place-order.ts';

/** Whole orders through the gateway, over products enough that stock is not what is measured. */
export async function wholeOrders(facts: Facts, shop: Shop, pids: () => Readonly<Record<string, number>>): Promise<Rival> {
  const placeOrder = createPlaceOrder(facts, shop);
  const products = await Promise.all(
    Array.from({ length: 20 }, () => shop.createProduct({ stock: 1_000_000, priceMinor: 1_000 })),
  );
  let n = 0;
  const unexpected = new Map<number, number>();
  return {
    name: 'whole order',
    unexpected,
    async call() {
      n += 1;
      const product_id = products[n % products.length]?.id ?? '';
      const status = await placeOrder({ items: [{ product_id, quantity: 1 }], payment_method: 'tok_ok' });
      if (status !== 201) unexpected.set(status, (unexpected.get(status) ?? 0) + 1);
      return status === 201;
    },
    pids,
    stop: async () => undefined,
  };
}

/** The same Update-with-Start, as the gateway makes it of an order, on five regular activities that do nothing, on the same server. */
export async function bareWorkflow(address: string, server: Readonly<Record<string, number>>): Promise<Rival> {
  // With the product's worker's own limits.
  const execArgv = nodeOptionsOf('worker');
  const worker = await startChild('./worker.ts', [address], execArgv);
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  return {
    name: 'bare workflow',
    async call() {
      const id = randomUUID();
      const startWorkflowOperation = new WithStartWorkflowOperation(BARE_WORKFLOW_TYPE, {
        workflowId: `bare-${id}`,
        taskQueue: BARE_TASK_QUEUE,
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        typedSearchAttributes: [{ key: orderStatusAttribute, value: 'SUBMITTED' }],
        staticSummary: `Order ${id}`,
      });
      const update = { updateId: OUTCOME_UPDATE_ID, startWorkflowOperation };
      const outcome = await client.workflow.executeUpdateWithStart(bareOutcome, update);
      return outcome === 'done';
    },
    pids: () => ({ ...server, 'bare worker': worker.pid, client: process.pid }),
    async stop() {
      await connection.close();
      await worker.stop();
    },
  };
}
