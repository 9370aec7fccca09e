/**
 * `npm run bench:last-unit`: many buyers of few units. What counts are the counts; the times are those of a machine that also runs the
 * buyers. Exit code 1 when a single unit is sold too often or not at all, or a single charge is wrong.
 */
import { parseArgs } from 'node:util';
import { createClient, type GrpcClient } from '../platform/rpc/client.ts';
import { ProductsServiceService } from '../proto/gen/shopfast/products/v1/products.ts';
import { sellLastUnit } from '../testkit/load/last-unit.ts';
import { rush } from '../testkit/load/rush.ts';
import { startPlatform } from '../testkit/platform.ts';
import { createShop, type Shop } from '../testkit/shop.ts';
import { grpcAddress } from './parts/address.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    buyers: { type: 'string', default: '1000' },
    crowd: { type: 'string', default: '10000' },
    units: { type: 'string', default: '100' },
    'whole-rounds': { type: 'string', default: '3' },
    'whole-buyers': { type: 'string', default: '200' },
  },
});
// Buyers that have a call open at the same time: over gRPC more than products has connections, through the gateway what a busy shop has.
const AT_ONCE = 50;
const AUDIT_LIMIT_MS = 60_000;

type Row = { readonly what: string; readonly wanted: string; readonly seen: string; readonly seconds: number };
type Products = GrpcClient<typeof ProductsServiceService>;

const platform = await startPlatform({ env: { LOG_LEVEL: 'warn' } });
let products: Products | undefined;
try {
  const shop = await createShop(platform.facts);
  products = createClient(ProductsServiceService, { target: await grpcAddress(platform, 'products') });
  const rows = [
    await overGrpc(products, shop, { rounds: Number(options.rounds), buyers: Number(options.buyers), units: 1 }),
    await overGrpc(products, shop, { rounds: 1, buyers: Number(options.crowd), units: Number(options.units) }),
    await wholeOrders(shop, { rounds: Number(options['whole-rounds']), buyers: Number(options['whole-buyers']) }),
    await audited(products),
  ];
  report(rows);
  if (rows.some(({ wanted, seen }) => wanted !== seen)) process.exitCode = 1;
} finally {
  products?.close();
  await platform.stop();
}

async function overGrpc(
  { calls }: Products,
  shop: Shop,
  { rounds, buyers, units }: { readonly rounds: number; readonly buyers: number; readonly units: number },
): Promise<Row> {
  const total = { sold: 0, refused: 0, wrong: 0, seconds: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const { id } = await shop.createProduct({ stock: units, priceMinor: 1_000 });
    const { sold, refused, seconds } = await rush({
      productId: id,
      buyers,
      atOnce: AT_ONCE,
      reserve: () => calls.reserveInventory,
    });
    const { available } = await shop.stockOf(id);
    if (sold !== units || refused !== buyers - units || available !== 0) total.wrong += 1;
    total.sold += sold;
    total.refused += refused;
    total.seconds += seconds;
  }
  return {
    what: `products over gRPC: ${buyers} buyers of ${units} × ${rounds}`,
    wanted: `${units * rounds} sold, ${(buyers - units) * rounds} refused, 0 wrong rounds`,
    seen: `${total.sold} sold, ${total.refused} refused, ${total.wrong} wrong rounds`,
    seconds: total.seconds,
  };
}

async function wholeOrders(shop: Shop, { rounds, buyers }: { readonly rounds: number; readonly buyers: number }): Promise<Row> {
  const total = { confirmed: 0, refused: 0, wrongCharges: 0, seconds: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const outcome = await sellLastUnit({ shop, provider: platform.facts.provider, buyers, atOnce: AT_ONCE });
    total.confirmed += outcome.confirmed;
    total.refused += outcome.refused;
    total.wrongCharges += outcome.wrongCharges;
    total.seconds += outcome.seconds;
  }
  return {
    what: `whole orders: ${buyers} buyers of 1 × ${rounds}`,
    wanted: `${rounds} confirmed, ${(buyers - 1) * rounds} refused, 0 wrong charges`,
    seen: `${total.confirmed} confirmed, ${total.refused} refused, ${total.wrongCharges} wrong charges`,
    seconds: total.seconds,
  };
}

async function audited({ calls }: Products): Promise<Row> {
  const startedMs = performance.now();
  const { findings } = await calls.audit({}, { deadlineMs: AUDIT_LIMIT_MS });
  return {
    what: 'audit of products afterwards',
    wanted: `${findings.length} rules hold`,
    seen: `${findings.filter(({ violations }) => violations === 0).length} rules hold`,
    seconds: (performance.now() - startedMs) / 1_000,
  };
}

function report(rows: readonly Row[]): void {
  const head = ['what', 'wanted', 'seen', '', 'seconds'];
  const cells = rows.map(({ what, wanted, seen, seconds }) => [
    ...[what, wanted, seen],
    ...[wanted === seen ? 'right' : 'WRONG', seconds.toFixed(1)],
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...cells].map((row) => row[column]?.length ?? 0)));
  for (const row of [head, ...cells]) {
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
  }
}
