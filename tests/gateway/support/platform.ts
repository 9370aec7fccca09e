import { randomUUID } from 'node:crypto';
import { eventually } from '../../support/eventually.ts';
import { createTestTemporal } from '../../support/temporal.ts';
import { createGate } from './gate.ts';
import { startShop } from './shop.ts';
import { createTestWorker } from './worker.ts';

export type Platform = Awaited<ReturnType<typeof startPlatform>>;

/** The gateway, services from memory, a worker, and a real Temporal server behind a gate that can be closed. */
export async function startPlatform() {
  const taskQueue = `gateway-${randomUUID()}`;
  const temporal = await createTestTemporal();
  const gate = await createGate(temporal.address);
  const shop = await startShop({ temporalAddress: gate.address, taskQueue });
  const worker = await createTestWorker({ temporal, taskQueue, orders: shop.orders });
  await worker.start();
  return {
    ...shop,
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
    async stop() {
      await shop.stop();
      await worker.stop();
      await worker.close();
      await gate.close();
      await temporal.close();
    },
  };
}
