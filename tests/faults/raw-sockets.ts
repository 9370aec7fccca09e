/**
 * `npm run faults -- --case raw-sockets --rounds 10 --seed 1`: attacks the gateway of a platform of its own on bare sockets, one kind of
 * attack after the other and then all at the same time, while customers order. No input ends a process, and no order fails. Prints the
 * rate of the orders under each attack: attackers and platform share the machine's cores.
 */
import { parseArgs } from 'node:util';
import { ATTACKS, type AttackName, attack } from '../../testkit/load/raw-attacks.ts';
import { seeded } from '../../testkit/load/seeded.ts';
import { type RunningPlatform, startPlatform } from '../../testkit/platform.ts';
import { createShop, type Shop } from '../../testkit/shop.ts';

const { values: options } = parseArgs({
  options: {
    case: { type: 'string' },
    rounds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
});
const names = Object.keys(ATTACKS).filter((name): name is AttackName => Object.hasOwn(ATTACKS, name));
const ROUNDS = Number(options.rounds);
const CUSTOMERS = 4;
// Milliseconds in which orders are counted without attacks.
const CALM_MS = 10_000;

const platform = await startPlatform({ env: { LOG_LEVEL: 'error' } });
let failed = 1;
try {
  failed = await run(platform);
} finally {
  await platform.stop();
}
process.exitCode = failed;

async function run(running: RunningPlatform): Promise<number> {
  const shop = await createShop(running.facts);
  const product = await shop.createProduct({ stock: 1_000_000, priceMinor: 1_000 });
  const pids = JSON.stringify(running.currentFacts().pids);
  const calm = await rateDuring(shop, product.id, () => new Promise((resolve) => setTimeout(resolve, CALM_MS)));
  say(`Without attacks: ${calm.perSecond.toFixed(1)} orders/s`);
  let failures = 0;
  for (const kinds of [...names.map((name) => [name]), names]) {
    const attacked = await rateDuring(shop, product.id, () => attackRepeatedly(running.facts.gateway, kinds));
    failures += attacked.failures;
    const share = (attacked.perSecond / calm.perSecond).toFixed(2);
    say(
      `${kinds.length === 1 ? kinds[0] : 'all of them'}: ${share} of that rate, ${attacked.failures} of ${attacked.placed} failed`,
    );
  }
  const alive = JSON.stringify(running.currentFacts().pids) === pids;
  say(
    alive
      ? 'Every process is the one that was started.'
      : `PROCESSES ENDED: ${pids}, now ${JSON.stringify(running.currentFacts().pids)}`,
  );
  return alive && failures === 0 ? 0 : 1;
}

async function attackRepeatedly(base: string, kinds: readonly AttackName[]): Promise<void> {
  const random = seeded(Number(options.seed));
  for (let round = 0; round < ROUNDS; round += 1) await Promise.all(kinds.map((name) => attack(name, base, random)));
}

/** Customers order one after the other while `work` goes on. */
async function rateDuring(shop: Shop, productId: string, work: () => Promise<unknown>) {
  const startedMs = performance.now();
  let placed = 0;
  let failures = 0;
  let going = true;
  const orders = Array.from({ length: CUSTOMERS }, async () => {
    while (going) {
      const request = { items: [{ product_id: productId, quantity: 1 }], payment_method: 'tok_ok' };
      const status = await shop.order(request).then(
        (answer) => answer.status,
        () => 0,
      );
      placed += 1;
      if (status !== 201) failures += 1;
    }
  });
  await work();
  going = false;
  await Promise.all(orders);
  return { placed, failures, perSecond: (placed * 1_000) / (performance.now() - startedMs) };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
