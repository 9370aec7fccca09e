import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { stepKey } from '../../contracts/ids.ts';
import { createClient } from '../../platform/rpc/client.ts';
import { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import { metersOf } from '../../testkit/meters.ts';
import { loadFor } from '../load.ts';
import { rate } from '../measure.ts';
import { grpcAddress } from './address.ts';
import type { Ground, Part } from './part.ts';

// A rush on one product, and the number of connections at which the bare update is at its best.
const BUYERS = 256;
const CONNECTIONS = 8;
const DEADLINE_MS = 30_000;
const PLENTY = 1_000_000_000;

/** Reservations of one product by 256 buyers over gRPC, beside the bare conditional update on 8 connections. */
export async function oneRow({ platform, shop }: Ground): Promise<Part> {
  const { id: productId } = await shop.createProduct({ stock: PLENTY, priceMinor: 1_000 });
  const products = createClient(ProductsServiceService, { target: await grpcAddress(platform, 'products') });
  const { postgres } = await metersOf(platform);
  const pool = new pg.Pool({ connectionString: postgres, max: CONNECTIONS });
  await pool.query('create table bench_stock (id integer primary key, stock bigint not null, reserved bigint not null)');
  await pool.query('insert into bench_stock values (1, $1, 0)', [PLENTY]);
  const update = 'update bench_stock set reserved = reserved + 1 where id = 1 and stock - reserved >= 1';
  return {
    name: 'everybody wants one product',
    says: {
      what: `ReserveInventory of one product, ${BUYERS} buyers`,
      beside: `bare conditional update, ${CONNECTIONS} connections`,
      unit: 'calls per second',
      goal: '≥ 3',
    },
    ours: async (durationMs) =>
      rate(
        await loadFor(durationMs, BUYERS, async () => {
          const orderId = randomUUID();
          const lines = [{ productId, quantity: 1 }];
          await products.calls.reserveInventory(
            { idempotencyKey: stepKey(orderId, 'reserve'), orderId, lines, pricesAsOf: new Date() },
            { deadlineMs: DEADLINE_MS },
          );
          return true;
        }),
      ),
    other: async (durationMs) =>
      rate(
        await loadFor(durationMs, CONNECTIONS, async () => (await pool.query({ name: 'reserve', text: update })).rowCount === 1),
      ),
    async stop() {
      products.close();
      await pool.end();
    },
  };
}
