/**
 * `npm run faults -- --orders 1000 --kills 50 --seed 1`: mixed orders on a platform of its own while its parts are killed with -9 at
 * random; then the faults stop, every order has to end, the reconciler has to find nothing, and a webhook has to have received every
 * event. The seed draws the orders and the faults; the same seed is the same plan, though not the same run.
 */
import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { isDecided } from '../../testkit/decided.ts';
import { eventually } from '../../testkit/eventually.ts';
import { concurrently } from '../../testkit/load/concurrently.ts';
import { seeded } from '../../testkit/load/seeded.ts';
import { persist } from '../../testkit/persist.ts';
import { type RunningPlatform, startPlatform } from '../../testkit/platform.ts';
import { createShop, type Shop } from '../../testkit/shop.ts';
import { reconcileNow, verdictLines } from '../../tools/reconcile.ts';
import { EVENT_ENV, startWitness, type Witness } from './witness.ts';

const { values: options } = parseArgs({
  options: {
    case: { type: 'string' },
    orders: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
  },
});
const ORDERS = Number(options.orders);
const KILLS = Number(options.kills);
const AT_ONCE = 20;
const PARTS = [
  'worker',
  'gateway',
  'users',
  'products',
  'orders',
  'payments',
  'notifications',
  'provider',
  'temporal',
  'postgres',
];
// Every order ends within this after the last fault: the longest back-off is a minute, and a parked order waits another.
const END_LIMIT_MS = 300_000;
// What an order's status is while its saga is at work.
const IN_SAGA: readonly string[] = ['SUBMITTED', 'CREATED', 'RESERVED'];
const KINDS = [
  ...Array<string>(8).fill('tok_ok'),
  'tok_declined',
  'tok_insufficient',
  'tok_fraud',
  'tok_timeout_after_charge',
  'no stock',
  'cancel',
  'cancel when paid',
  'ship',
  'ship or cancel',
  'deliver',
  'return one',
  'return all',
];

const random = seeded(Number(options.seed));
const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
const plan = Array.from({ length: ORDERS }, () => pick(KINDS));
const faults = Array.from({ length: KILLS }, () => ({ part: pick(PARTS), after: random() }));

const platform = await startPlatform({ env: { LOG_LEVEL: 'warn', ORDER_WAIT_MS: '3000', ...EVENT_ENV } });
let failed = 1;
try {
  failed = await run(platform);
} finally {
  await platform.stop();
}
process.exitCode = failed;

async function run(running: RunningPlatform): Promise<number> {
  const shop = await createShop(running.facts);
  const plenty = await shop.createProduct({ stock: 1_000_000, priceMinor: 1_000 });
  const none = await shop.createProduct({ stock: 0, priceMinor: 1_000 });
  const witness = await startWitness(shop);
  const placed = new Map<string, string>();
  let answered = 0;
  const load = concurrently(plan, AT_ONCE, async (kind) => {
    placed.set(await place(shop, kind, { plenty: plenty.id, none: none.id }), kind);
    answered += 1;
    if (answered % 100 === 0) say(`  ${answered} of ${ORDERS} answered`);
  });
  const stopped = killAlong(running, () => answered / ORDERS);
  await Promise.all([load, stopped]);
  say(`${placed.size} orders placed, ${KILLS} kills. Waiting for every order to end …`);
  try {
    return await judge(running, placed, witness);
  } finally {
    await witness.close();
  }
}

/** Sends until there is an answer, with the same key: whatever is down, the order is placed once. Then what its kind does with it. */
async function place(shop: Shop, kind: string, products: { plenty: string; none: string }): Promise<string> {
  const key = randomUUID();
  const request = {
    items: [{ product_id: kind === 'no stock' ? products.none : products.plenty, quantity: 2 }],
    payment_method: kind.startsWith('tok_') ? kind : 'tok_ok',
  };
  const answer = await persist(() => shop.order(request, key));
  const id = answer.body.id || answer.problem.order_id;
  await live(shop, id, kind, products.plenty);
  return id;
}

/** What becomes of the order after its placing. */
async function live(shop: Shop, id: string, kind: string, product_id: string): Promise<void> {
  const give = (path: string, body: object = {}, key?: string) => command(shop, id, path, body, key);
  const cancel = () => give('cancel', { reason: 'Changed my mind' });
  const ship = () => give('shipments', { carrier: 'DHL', tracking_number: id });
  const giveOneBack = () => give('returns', { reason: 'Too small', lines: [{ product_id, quantity: 1 }] }, randomUUID());

  if (kind === 'cancel') await cancel();
  if (!/ship|deliver|return|when paid/.test(kind)) return;
  await decided(shop, id);
  if (kind === 'cancel when paid') await cancel();
  else if (kind === 'ship or cancel') await Promise.all([ship(), cancel()]);
  else await ship();
  if (kind === 'deliver' || kind === 'return all') await give('delivery');
  if (kind.startsWith('return')) await giveOneBack();
  if (kind === 'return all') await giveOneBack();
}

/** Only a paid order can be shipped, and while parts are down an order may be answered before its saga has ended. */
async function decided(shop: Shop, id: string): Promise<void> {
  await eventually(
    () => shop.getOrder(id).catch(() => undefined),
    (order) => order !== undefined && !IN_SAGA.includes(order.status),
    END_LIMIT_MS,
  );
}

/** A refusal is an answer too: an order that was undone meanwhile cannot be shipped. */
function command(shop: Shop, id: string, path: string, body: object, key?: string) {
  return persist(() => shop.command(id, path, body, key));
}

async function killAlong(running: RunningPlatform, progress: () => number): Promise<void> {
  for (const { part, after } of faults.toSorted((a, b) => a.after - b.after)) {
    await eventually(
      async () => progress(),
      (done) => done >= after * 0.95,
      600_000,
    );
    await running.kill(part).catch(() => say(`  ${part} was down already`));
  }
}

async function judge(running: RunningPlatform, placed: ReadonlyMap<string, string>, witness: Witness): Promise<number> {
  const { address } = running.currentFacts().temporal;
  const connection = await eventually(
    () => Connection.connect({ address }).catch(() => undefined),
    (made) => made !== undefined,
    60_000,
  );
  if (!connection) throw new Error('Temporal did not come back');
  const client = new Client({ connection });
  const startMs = performance.now();
  const open = new Set(placed.keys());
  await eventually(
    async () => {
      for (const id of open) if (await isDecided(client, id)) open.delete(id);
      return open.size;
    },
    (left) => left === 0,
    END_LIMIT_MS,
  ).catch((error: unknown) => say(`STILL OPEN: ${[...open].slice(0, 10).join(' ')} (${String(error)})`));
  say(`Every order was decided ${((performance.now() - startMs) / 1000).toFixed(0)} s after the last fault.`);
  const verdict = await reconcileNow(client, { quietMs: 0, repair: false });
  say(verdictLines(verdict).join('\n'));
  await connection.close();
  const delivered = await witness.judge(running);
  say(delivered.lines.join('\n'));
  return open.size === 0 && delivered.wrong === 0 && verdict.findings.every(({ violations }) => violations === 0) ? 0 : 1;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
