import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { returnKey } from '../../contracts/ids.ts';
import { isRefusal } from '../../platform/idempotency/once.ts';
import {
  createProduct,
  disagreements,
  LIMITS,
  openProducts,
  type ProductCalls,
  type ProductsFixture,
  paidOrder,
  stockOf,
} from './products-fixture.ts';

const STOCK = 100_000;

let fixture: ProductsFixture;
let products: ProductCalls;
/** The third is in no order. */
let productIds: readonly string[];
beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start();
  productIds = await Promise.all([1, 2, 3].map(async () => (await createProduct(products, { stockQuantity: STOCK })).id));
});
afterAll(() => fixture.close());

// Sequences of one run, each for an order of its own and all at once: fewer than the service has connections.
const SEQUENCES = 10;
const RUNS = 100;
// Milliseconds after which no further run begins: a thousand sequences take longer on a machine that is busy otherwise.
const ENOUGH_MS = 15_000;
// Sequences that are run however slow the machine is: with fewer, some of the answers below hardly occur.
const LEAST = 60;
const TEST_LIMIT_MS = 240_000;

const units = fc.integer({ min: 1, max: 3 });
// Few ids of returns, so that sequences repeat them as retries do; some with other lines.
const anyStep = fc.record({
  which: fc.nat({ max: 2 }),
  lines: fc.uniqueArray(fc.record({ product: fc.nat({ max: 2 }), quantity: units }), {
    minLength: 1,
    maxLength: 2,
    selector: ({ product }) => product,
  }),
});
const anySequence = fc.record({
  bought: fc.tuple(units, units),
  shipped: fc.boolean(),
  steps: fc.array(anyStep, { minLength: 1, maxLength: 6 }),
});
type Sequence = typeof anySequence extends fc.Arbitrary<infer T> ? T : never;

/** What restocking should do to one order, in memory and one after the other. */
class Model {
  readonly returned = [0, 0, 0];
  readonly #bought: readonly number[];
  readonly #shipped: boolean;
  readonly #answers = new Map<number, { readonly asked: string; readonly answer: object }>();

  constructor({ bought, shipped }: Sequence) {
    this.#bought = [...bought, 0];
    this.#shipped = shipped;
  }

  restock({ which, lines }: Sequence['steps'][number]): object {
    const asked = JSON.stringify(lines);
    const known = this.#answers.get(which);
    if (known) return known.asked === asked ? known.answer : { reason: 'idempotency_key_reused' };
    const answer = this.#decide(lines);
    this.#answers.set(which, { asked, answer });
    return answer;
  }

  #decide(lines: Sequence['steps'][number]['lines']): object {
    if (!this.#shipped) return { reason: 'illegal_transition' };
    const left = (product: number) => (this.#bought[product] ?? 0) - (this.returned[product] ?? 0);
    if (lines.some(({ product, quantity }) => quantity > left(product))) return { reason: 'return_exceeds_order' };
    for (const { product, quantity } of lines) this.returned[product] = (this.returned[product] ?? 0) + quantity;
    return {};
  }
}

async function order({ bought, shipped }: Sequence): Promise<string> {
  const lines = bought.map((quantity, n) => ({ productId: productIds[n] ?? '', quantity }));
  const { orderId, commit } = await paidOrder(products, ...lines);
  if (shipped) await products.commitReservation(commit, LIMITS);
  return orderId;
}

async function outcome(call: Promise<object>): Promise<object> {
  try {
    return await call;
  } catch (error: unknown) {
    if (isRefusal(error)) return { reason: error.reason };
    throw error;
  }
}

test(
  'up to a thousand random sequences of returns are answered as by a model in memory, and the ledger explains the stock',
  async () => {
    const enough = Date.now() + ENOUGH_MS;
    let done = 0;
    const seen = new Map<string, number>();
    const expected = [STOCK, STOCK, STOCK];
    const change = (product: number, by: number) => {
      expected[product] = (expected[product] ?? 0) + by;
    };
    await fc.assert(
      fc.asyncProperty(fc.array(anySequence, { minLength: SEQUENCES, maxLength: SEQUENCES }), async (sequences) => {
        if (Date.now() > enough && done >= LEAST) return;
        done += sequences.length;
        const runs = sequences.map(async (sequence) => {
          const model = new Model(sequence);
          const orderId = await order(sequence);
          const returnIds = [randomUUID(), randomUUID(), randomUUID()];
          if (sequence.shipped) for (const [product, quantity] of sequence.bought.entries()) change(product, -quantity);
          for (const step of sequence.steps) {
            const returnId = returnIds[step.which] ?? '';
            const lines = step.lines.map(({ product, quantity }) => ({ productId: productIds[product] ?? '', quantity }));
            const request = { idempotencyKey: returnKey(orderId, returnId, 'restock'), orderId, returnId, lines };
            const answer = model.restock(step);
            expect(await outcome(products.restockReturn(request, LIMITS))).toEqual(answer);
            const what = 'reason' in answer ? String(answer.reason) : 'restocked';
            seen.set(what, (seen.get(what) ?? 0) + 1);
          }
          for (const [product, quantity] of model.returned.entries()) change(product, quantity);
        });
        await Promise.all(runs);
        const stock = await Promise.all(productIds.map(async (id) => (await stockOf(products, id)).stock));
        expect(stock).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
    // Otherwise the sequences were too few or too tame to prove anything.
    expect(done).toBeGreaterThanOrEqual(LEAST);
    for (const what of ['restocked', 'return_exceeds_order', 'idempotency_key_reused', 'illegal_transition']) {
      expect({ what, often: (seen.get(what) ?? 0) >= 10 }).toEqual({ what, often: true });
    }
    expect(await disagreements(fixture)).toEqual([]);
    const { findings } = await products.audit({}, LIMITS);
    expect(findings.filter(({ violations }) => violations > 0)).toEqual([]);
    expect(findings.find(({ rule }) => rule === 'returned_was_committed')?.checked).toBeGreaterThan(10);
  },
  TEST_LIMIT_MS,
);
