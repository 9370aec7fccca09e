import { randomUUID } from 'node:crypto';
import { orderWorkflowId } from '../../../contracts/ids.ts';
import { eventually } from '../../../testkit/eventually.ts';
import { createTestTemporal } from '../../../testkit/temporal.ts';
import { createGate } from './gate.ts';
import { startShop } from './shop.ts';
import { createTestWorker } from './worker.ts';

export type Platform = Awaited<ReturnType<typeof startPlatform>>;

/** The gateway, the services, a worker, and a real Temporal server, the way to each behind a gate that can be closed. */
export async function startPlatform(env: Readonly<Record<string, string>> = {}) {
  const taskQueue = `gateway-${randomUUID()}`;
  const temporal = await createTestTemporal();
  const gate = await createGate(temporal.address);
  const shop = await startShop({ temporalAddress: gate.address, taskQueue, env });
  const worker = await createTestWorker({ temporal, taskQueue, services: shop.services });
  await worker.start();
  return {
    ...shop,
    taskQueue,
    temporal,
    /** The way to Temporal. */
    gate,
    worker,
    /** Makes every way free and waits until the gateway has found everything again. */
    async recover() {
      const { users, products, orders, payments, notifications } = shop.services;
      for (const way of [gate, users.gate, products.gate, orders.gate, payments.gate, notifications.gate]) {
        way.slow(0);
        way.unstick();
        await way.open();
      }
      await eventually(
        () => shop.call('GET', '/health/ready'),
        ({ body }) => JSON.stringify(body.degraded) === '[]',
      );
    },
    /** The order that was submitted with this payment method, once it is there. */
    submitted(paymentMethod: string): Promise<string> {
      const find = async () => (await shop.ordersPaidWith(paymentMethod))[0] ?? '';
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
