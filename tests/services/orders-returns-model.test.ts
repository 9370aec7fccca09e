import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { returnKey } from '../../contracts/ids.ts';
import { isRefusal } from '../../platform/idempotency/once.ts';
import { type Totals, totalsOf } from '../../services/orders/domain/totals.ts';
import { LIMITS, type OrdersFixture, openOrders, read, returning } from './orders-fixture.ts';

let orders: OrdersFixture;
beforeAll(async () => {
  orders = await openOrders();
});
afterAll(() => orders.close());

// Sequences of one run, each for an order of its own and all at once: fewer than the service has connections.
const SEQUENCES = 10;
const RUNS = 100;
// Milliseconds after which no further run begins: a thousand sequences take longer on a machine that is busy otherwise.
const ENOUGH_MS = 15_000;
// Sequences that are run however slow the machine is: with fewer, some of the answers below hardly occur.
const LEAST = 60;
const TEST_LIMIT_MS = 240_000;

// Few ids of returns, so that sequences repeat them as retries do; some with other lines.
const which = fc.nat({ max: 1 });
// The third line is of no order.
const pick = fc.record({ line: fc.nat({ max: 2 }), quantity: fc.integer({ min: 1, max: 2 }) });
// Often none, which is everything that is left.
const picks = fc.oneof(fc.array(pick, { maxLength: 2 }), fc.array(pick, { maxLength: 0 }));
const anyStep = fc.oneof(
  fc.record({ step: fc.constant('ask' as const), which, picks }),
  fc.record({ step: fc.constant('complete' as const), which }),
);
const anySequence = fc.record({
  lines: fc.array(
    fc.record({ quantity: fc.integer({ min: 1, max: 3 }), unitPriceMinor: fc.constantFrom(0, 1, 333, 1_000, 99_999) }),
    { minLength: 1, maxLength: 2 },
  ),
  steps: fc.array(anyStep, { minLength: 1, maxLength: 6 }),
});
type Sequence = typeof anySequence extends fc.Arbitrary<infer T> ? T : never;
type Step = Sequence['steps'][number];
type Unit = { readonly productId: string; readonly quantity: number };

/** What returns should do, in memory and one after the other. */
class Model {
  readonly id = randomUUID();
  readonly ids = [randomUUID(), randomUUID()];
  readonly lines: readonly (Unit & { readonly unitPriceMinor: number; readonly currency: string })[];
  readonly totals: Totals;
  readonly accepted = new Map<number, { readonly units: readonly Unit[]; readonly refundMinor: number; completed: boolean }>();
  readonly #answers = new Map<number, { readonly asked: string; readonly answer: object }>();

  constructor({ lines }: Sequence) {
    this.lines = lines.map((line) => ({ ...line, productId: randomUUID(), currency: 'EUR' }));
    this.totals = totalsOf(this.lines, { taxBasisPoints: 1_900, shippingMinor: 490 });
  }

  get returned(): boolean {
    return this.lines.every(({ productId, quantity }) => quantity === this.#backOf(productId, true));
  }

  /** Of this step and the model's order; a step of a line that it does not have is of another order's product. */
  unitsOf({ picks }: Extract<Step, { step: 'ask' }>): Unit[] {
    return picks.map(({ line, quantity }) => ({ productId: this.lines[line]?.productId ?? this.id, quantity }));
  }

  ask(n: number, asked: readonly Unit[]): object {
    const known = this.#answers.get(n);
    if (known) return known.asked === JSON.stringify(asked) ? known.answer : { reason: 'idempotency_key_reused' };
    const answer = this.#decide(n, asked);
    this.#answers.set(n, { asked: JSON.stringify(asked), answer });
    return answer;
  }

  complete(n: number): object {
    const back = this.accepted.get(n);
    if (!back) return { reason: 'not_found' };
    back.completed = true;
    return {};
  }

  #decide(n: number, asked: readonly Unit[]): object {
    if (this.returned) return { reason: 'illegal_transition' };
    const left = this.lines.map(({ productId, quantity }) => ({ productId, quantity: quantity - this.#backOf(productId) }));
    const wanted = new Map<string, number>();
    for (const { productId, quantity } of asked) wanted.set(productId, (wanted.get(productId) ?? 0) + quantity);
    const units =
      asked.length > 0
        ? [...wanted].map(([productId, quantity]) => ({ productId, quantity }))
        : left.filter(({ quantity }) => quantity > 0);
    const leftOf = (id: string) => left.find(({ productId }) => productId === id)?.quantity ?? 0;
    if (units.length === 0 || units.some(({ productId, quantity }) => quantity > leftOf(productId))) {
      return { reason: 'return_exceeds_order' };
    }
    const before = this.#worth();
    const back = { units, refundMinor: 0, completed: false };
    this.accepted.set(n, back);
    const refundMinor = this.#worth() - before;
    this.accepted.set(n, { ...back, refundMinor });
    const completesOrder = this.lines.every(({ productId, quantity }) => quantity === this.#backOf(productId));
    return { refund: { amountMinor: refundMinor, currency: 'EUR' }, lines: units, completesOrder };
  }

  /** Of everything that has been accepted, in whichever order it was; these amounts are small enough for numbers. */
  #worth(): number {
    const { subtotalMinor, taxMinor, totalMinor } = this.totals;
    if (this.lines.every(({ productId, quantity }) => quantity === this.#backOf(productId))) return totalMinor;
    const worth = this.lines.reduce((sum, { productId, unitPriceMinor }) => sum + unitPriceMinor * this.#backOf(productId), 0);
    return subtotalMinor === 0 ? 0 : worth + Math.round((worth * taxMinor) / subtotalMinor);
  }

  #backOf(product: string, completed = false): number {
    const all = [...this.accepted.values()].filter((back) => back.completed || !completed).flatMap(({ units }) => units);
    return all.reduce((sum, { productId, quantity }) => sum + (productId === product ? quantity : 0), 0);
  }
}

/** Writes the orders as ShipOrder leaves them: a thousand of them by their calls would take longer than what is looked at. */
async function shipAll(models: readonly Model[]): Promise<void> {
  const rows = models.map(({ id, totals, lines }) => ({
    id,
    ...totals,
    lines: lines.map((line, n) => ({ ...line, position: n + 1 })),
  }));
  await orders.sql(
    `with given as (select value as one from jsonb_array_elements($1::jsonb)), sold as (
       insert into orders (id, client_id, user_id, status, currency, subtotal_minor, tax_minor, shipping_minor, total_minor,
         payment_method, payment_id, carrier, tracking_number, shipped_at)
       select (one->>'id')::uuid, 'web-shop', gen_random_uuid(), 'SHIPPED', 'EUR', (one->>'subtotalMinor')::bigint,
         (one->>'taxMinor')::bigint, (one->>'shippingMinor')::bigint, (one->>'totalMinor')::bigint, 'tok_ok', gen_random_uuid(),
         'DHL', 'T', now() from given
     ), bought as (
       insert into order_lines (order_id, product_id, position, quantity, unit_price_minor, line_total_minor)
       select (one->>'id')::uuid, (line->>'productId')::uuid, (line->>'position')::integer, (line->>'quantity')::integer,
         (line->>'unitPriceMinor')::bigint, (line->>'unitPriceMinor')::bigint * (line->>'quantity')::integer
       from given cross join jsonb_array_elements(one->'lines') as line
     ), way as (
       select * from (values (1, null, 'SUBMITTED'), (2, 'SUBMITTED', 'CREATED'), (3, 'CREATED', 'RESERVED'), (4, 'RESERVED', 'PAID'),
         (5, 'PAID', 'SHIPPED')) as way (place, previous, status)
     ), emitted as (
       insert into outbox (id, type, order_id, user_id)
       select gen_random_uuid(), 'order.' || lower(status), (one->>'id')::uuid, gen_random_uuid() from given cross join way order by place
     )
     insert into order_history (order_id, previous_status, status)
     select (one->>'id')::uuid, previous, status from given cross join way order by place`,
    [JSON.stringify(rows)],
  );
}

async function outcome(call: Promise<object>): Promise<object> {
  try {
    return await call;
  } catch (error: unknown) {
    if (isRefusal(error)) return { reason: error.reason };
    throw error;
  }
}

/** Carries out one step for real. */
function carryOut(model: Model, step: Step): Promise<object> {
  const returnId = model.ids[step.which] ?? '';
  const about = { orderId: model.id, returnId };
  if (step.step === 'complete') return outcome(orders.calls.completeReturn({ ...about, idempotencyKey: randomUUID() }, LIMITS));
  const lines = model.unitsOf(step);
  const idempotencyKey = returnKey(model.id, returnId, 'request');
  return outcome(orders.calls.requestReturn(returning(model, { idempotencyKey, returnId, lines, actorId: model.id }), LIMITS));
}

async function expectAsModelled(model: Model): Promise<string> {
  const order = await read(orders.calls, model.id);
  const refunds = new Map(
    order.returns.map(({ id, refund, completedAt }) => [id, [refund?.amountMinor, completedAt !== undefined]]),
  );
  expect(refunds).toEqual(
    new Map(Array.from(model.accepted, ([n, { refundMinor, completed }]) => [model.ids[n] ?? '', [refundMinor, completed]])),
  );
  expect(order.status).toBe(model.returned ? 'ORDER_STATUS_RETURNED' : 'ORDER_STATUS_SHIPPED');
  return order.status;
}

async function expectSoundBooks(): Promise<void> {
  const { findings } = await orders.calls.audit({}, LIMITS);
  expect(findings.filter(({ violations }) => violations > 0)).toEqual([]);
  for (const { rule, checked } of findings) if (/return/.test(rule)) expect(checked).toBeGreaterThan(0);
}

test(
  'up to a thousand random sequences are answered as by a model in memory, to the cent',
  async () => {
    const enough = Date.now() + ENOUGH_MS;
    const seen = new Map<string, number>();
    const note = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
    const many = fc.array(anySequence, { minLength: SEQUENCES, maxLength: SEQUENCES });
    await fc.assert(
      fc.asyncProperty(many, async (sequences) => {
        if (Date.now() > enough && (seen.get('sequence') ?? 0) >= LEAST) return;
        const models = sequences.map((sequence) => new Model(sequence));
        await shipAll(models);
        const runs = models.map(async (model, n) => {
          for (const step of sequences[n]?.steps ?? []) {
            const expected = step.step === 'ask' ? model.ask(step.which, model.unitsOf(step)) : model.complete(step.which);
            expect(await carryOut(model, step)).toEqual(expected);
            note('reason' in expected ? String(expected.reason) : step.step);
          }
          note(await expectAsModelled(model));
          note('sequence');
        });
        await Promise.all(runs);
      }),
      { numRuns: RUNS },
    );
    // Otherwise the sequences were too few or too tame to prove anything.
    expect(seen.get('sequence') ?? 0).toBeGreaterThanOrEqual(LEAST);
    for (const what of [
      'ask',
      'complete',
      'return_exceeds_order',
      'idempotency_key_reused',
      'illegal_transition',
      'not_found',
      'ORDER_STATUS_RETURNED',
    ]) {
      expect({ what, often: (seen.get(what) ?? 0) >= 2 }).toEqual({ what, often: true });
    }
    await expectSoundBooks();
  },
  TEST_LIMIT_MS,
);

test('steps of one order at the same time never bring back more than was bought, nor more than was paid', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anySequence, { minLength: SEQUENCES, maxLength: SEQUENCES }), async (sequences) => {
      const models = sequences.map((sequence) => new Model(sequence));
      await shipAll(models);
      await Promise.all(models.flatMap((model, n) => sequences[n]?.steps.map((step) => carryOut(model, step)) ?? []));
      for (const model of models) {
        const { returns, status } = await read(orders.calls, model.id);
        const refunded = returns.reduce((sum, { refund }) => sum + (refund?.amountMinor ?? Number.NaN), 0);
        expect(refunded).toBeLessThanOrEqual(model.totals.totalMinor);
        if (status === 'ORDER_STATUS_RETURNED') expect(refunded).toBe(model.totals.totalMinor);
      }
    }),
    { numRuns: 10 },
  );
  await expectSoundBooks();
});
