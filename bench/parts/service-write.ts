import { randomUUID } from 'node:crypto';
import { stepKey } from '../../contracts/ids.ts';
import { createClient } from '../../platform/rpc/client.ts';
import { OrdersServiceService } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { metersOf } from '../../testkit/meters.ts';
import { startChild } from '../bare/child.ts';
import { echoDefinition } from '../bare/echo.ts';
import { measureCalls } from '../measure.ts';
import { grpcAddress } from './address.ts';
import { CONCURRENCY, type Ground, type Part } from './part.ts';

const DEADLINE_MS = 10_000;
const UNIT_PRICE = { amountMinor: 1_000, currency: 'EUR' };
// Orders of a round per second that it is to take. They are submitted before it: what is measured is CreateOrder alone.
const ORDERS_PER_SECOND = 250;

/** CreateOrder with three lines, beside grpc-js and one prepared statement that writes as much. */
export async function serviceWrite({ platform }: Ground): Promise<Part> {
  const orders = createClient(OrdersServiceService, { target: await grpcAddress(platform, 'orders') });
  const { postgres = '' } = await metersOf(platform);
  const bare = await startChild('./order-writer.ts', [postgres]);
  const writer = createClient(echoDefinition, { target: `127.0.0.1:${bare.listening}` });
  const limits = { deadlineMs: DEADLINE_MS };
  const pid = (name: string) => platform.currentFacts().pids[name] ?? 0;

  const count = (durationMs: number) => Math.ceil((durationMs / 1_000) * ORDERS_PER_SECOND);
  const cpu = async (calls: number, call: () => Promise<boolean>, pids: () => Record<string, number>) => {
    const rival = { name: 'write', call, pids, stop: async () => undefined };
    const { cpuMsPerCall } = await measureCalls(rival, calls, CONCURRENCY);
    return Object.values(cpuMsPerCall).reduce((sum, ms) => sum + ms, 0);
  };
  return {
    name: 'writing an order',
    says: {
      what: 'CreateOrder, 3 lines, with its key, in orders and PostgreSQL',
      beside: 'grpc-js and one prepared statement',
      unit: 'processor ms per call',
      goal: '≤ 1.15',
    },
    async ours(durationMs) {
      const submitted = await submitMany(orders.calls, count(durationMs));
      return cpu(
        submitted.length,
        async () => {
          const next = submitted.pop();
          if (!next) throw new Error('More orders were to be created than submitted');
          const { orderId, lines } = next;
          const priced = lines.map((line) => ({ ...line, unitPrice: UNIT_PRICE }));
          await orders.calls.createOrder({ idempotencyKey: stepKey(orderId, 'create'), orderId, lines: priced }, limits);
          return true;
        },
        () => ({ orders: pid('orders'), postgres: pid('postgres') }),
      );
    },
    other: (durationMs) =>
      cpu(
        count(durationMs),
        async () => {
          await writer.calls.echo(Buffer.from(randomUUID()), limits);
          return true;
        },
        () => ({ bare: bare.pid, postgres: pid('postgres') }),
      ),
    async stop() {
      orders.close();
      writer.close();
      await bare.stop();
    },
  };
}

type Submitted = { readonly orderId: string; readonly lines: readonly { productId: string; quantity: number }[] };

async function submitMany(
  calls: ReturnType<typeof createClient<typeof OrdersServiceService>>['calls'],
  count: number,
): Promise<Submitted[]> {
  const submitted: Submitted[] = [];
  let left = count;
  const submitter = async () => {
    while (left-- > 0) {
      const lines = Array.from({ length: 3 }, () => ({ productId: randomUUID(), quantity: 1 }));
      const { order } = await calls.submitOrder(
        { idempotencyKey: randomUUID(), clientId: 'bench', userId: randomUUID(), lines, paymentMethod: 'tok_ok' },
        { deadlineMs: DEADLINE_MS },
      );
      submitted.push({ orderId: order?.id ?? '', lines });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, submitter));
  return submitted;
}
