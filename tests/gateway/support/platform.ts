import { randomUUID } from 'node:crypto';
import { orderWorkflowId } from '../../../contracts/ids.ts';
import { eventually } from '../../../testkit/eventually.ts';
import { createTestTemporal } from '../../../testkit/temporal.ts';
import { createGate } from './gate.ts';
import { startShop } from './shop.ts';
import { createTestWorker } from './worker.ts';

export type Platform = Awaited<ReturnType<typeof startPlatform>>;

/** The gateway, services from memory, a worker, and a real Temporal server behind a gate that can be closed. */
export async function startPlatform(env: Readonly<Record<string, string>> = {}) {
  const taskQueue = `gateway-${randomUUID()}`;
  const temporal = await createTestTemporal();
  const gate = await createGate(temporal.address);
  const shop = await startShop({ temporalAddress: gate.address, taskQueue, env });
  const worker = await createTestWorker({ temporal, taskQueue, orders: shop.orders });
  await worker.start();
  return {
    ...shop,
    taskQueue,
    temporal,
    gate,
    worker,
    /** Makes the way to Temporal free and waits until the gateway has found everything again. */
    async recover() {
      gate.unstick();
      await gate.open();
      await eventually(
        () => shop.call('GET', '/health/ready'),
        ({ body }) => JSON.stringify(body.degraded) === '[]',
      );
    },
    /** The order that SubmitOrder made with this payment method, once it is there. */
    submitted(paymentMethod: string): Promise<string> {
      const find = async () => [...shop.orders.orders.values()].find((order) => order.paymentMethod === paymentMethod)?.id ?? '';
      return eventually(find, (id) => id !== '');
    },
    /** `none` when there is no workflow for the order. */
    async workflowStatus(orderId: string): Promise<string> {
      const handle = temporal.client.workflow.getHandle(orderWorkflowId(orderId));
      return handle.describe().then(
        ({ status }) => status.name,
        () => 'none',
      );
    },
    async stop() {
      await shop.stop();
      await worker.stop();
      await worker.close();
      await gate.close();
      await temporal.close();
    },
  };
}
