import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RULES } from '../../services/products/audit/rules.ts';
import {
  createProduct,
  LIMITS,
  openProducts,
  type ProductCalls,
  type ProductsFixture,
  paidOrder,
  reservedOrder,
  returnOf,
  runOut,
} from './products-fixture.ts';

let fixture: ProductsFixture;
let products: ProductCalls;
/** A product with a reservation in every state, each of one unit, and its orders. */
let productId: string;
const orders = { held: '', confirmed: '', committed: '', released: '', expired: '' };
beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start();
  ({ id: productId } = await createProduct(products, { stockQuantity: 10 }));
  await products.adjustStock({ idempotencyKey: randomUUID(), productId, delta: 2, reason: 'count' }, LIMITS);
  const unit = { productId, quantity: 1 };
  orders.held = (await reservedOrder(products, unit)).orderId;
  orders.confirmed = (await paidOrder(products, unit)).orderId;
  const shipped = await paidOrder(products, unit);
  await products.commitReservation(shipped.commit, LIMITS);
  orders.committed = shipped.orderId;
  await products.restockReturn(returnOf(shipped.orderId, unit), LIMITS);
  const released = await reservedOrder(products, unit);
  await products.releaseInventory(released.release, LIMITS);
  orders.released = released.orderId;
  orders.expired = (await reservedOrder(products, unit)).orderId;
  await runOut(fixture, orders.expired);
  await fixture.swept(orders.expired);
});
afterAll(() => fixture.close());

async function violated(): Promise<Record<string, string[]>> {
  const { findings } = await products.audit({}, LIMITS);
  const wrong = findings.filter(({ violations }) => violations > 0);
  return Object.fromEntries(wrong.map(({ rule, examples }) => [rule, examples]));
}

test('a healthy stock violates nothing, and each rule has looked at something', async () => {
  const { findings } = await products.audit({}, LIMITS);
  expect(findings.map(({ rule }) => rule)).toEqual(RULES.map(({ name }) => name));
  for (const { rule, checked, violations, examples } of findings) {
    expect({ rule, violations, examples }).toEqual({ rule, violations: 0, examples: [] });
    expect({ rule, looked: checked > 0 }).toEqual({ rule, looked: true });
  }
  expect(findings.find(({ rule }) => rule === 'one_terminal_transition')?.checked).toBe(5);
});

type Fault = {
  readonly what: string;
  readonly plant: string;
  readonly heal: string;
  /** The rules that must find it, and what of: the product or the order in that state. */
  readonly finds: Readonly<Record<string, 'product' | 'returned line' | keyof typeof orders>>;
};

// Written with the triggers, indexes and constraints away that would refuse them.
const FAULTS: readonly Fault[] = [
  {
    what: 'a unit that nobody brought',
    plant: 'update products set stock_quantity = stock_quantity + 1',
    heal: 'update products set stock_quantity = stock_quantity - 1',
    finds: { stock_conserved: 'product' },
  },
  {
    what: 'a unit reserved for nobody',
    plant: 'update products set reserved_quantity = reserved_quantity + 1',
    heal: 'update products set reserved_quantity = reserved_quantity - 1',
    finds: { reserved_conserved: 'product', reserved_matches_holds: 'product' },
  },
  {
    what: 'a released reservation that holds again',
    plant: `update reservations set state = 'confirmed', expires_at = null where state = 'released'`,
    heal: `update reservations set state = 'released' where order_id = '$released'`,
    finds: { reserved_matches_holds: 'product', one_terminal_transition: 'released' },
  },
  {
    what: 'units sold that no order bought',
    plant: `update stock_movements set stock_delta = -2 where kind = 'commit';
      update products set stock_quantity = stock_quantity - 1`,
    heal: `update stock_movements set stock_delta = -1 where kind = 'commit';
      update products set stock_quantity = stock_quantity + 1`,
    finds: { committed_matches_sold: 'product' },
  },
  {
    what: 'more taken out than there was',
    plant: `update products set stock_quantity = stock_quantity - 12; update stock_movements set stock_delta = -10 where kind = 'adjust'`,
    heal: `update products set stock_quantity = stock_quantity + 12; update stock_movements set stock_delta = 2 where kind = 'adjust'`,
    finds: { no_negative: 'product' },
  },
  {
    what: 'a line that was taken twice and given back once',
    plant: `insert into stock_movements (product_id, kind, stock_delta, reserved_delta, order_id)
      select product_id, kind, stock_delta, reserved_delta, order_id from stock_movements where kind = 'reserve' and order_id = '$expired'`,
    heal: `delete from stock_movements where id = (select max(id) from stock_movements)`,
    finds: { reserved_conserved: 'product', lines_taken_once: 'expired' },
  },
  {
    what: 'a reservation that took less than it says',
    plant: `update reservation_lines set quantity = 2 where order_id = '$released'`,
    heal: `update reservation_lines set quantity = 1 where order_id = '$released'`,
    finds: { lines_taken_once: 'released', one_terminal_transition: 'released' },
  },
  {
    what: 'an expired reservation whose stock was released',
    plant: `update stock_movements set kind = 'release' where kind = 'expire'`,
    heal: `update stock_movements set kind = 'expire' where order_id = '$expired' and kind = 'release'`,
    finds: { one_terminal_transition: 'expired' },
  },
  {
    what: 'a reservation that ended twice',
    plant: `insert into stock_movements (product_id, kind, stock_delta, reserved_delta, order_id)
      select product_id, 'expire', 0, -1, order_id from stock_movements where kind = 'release'`,
    heal: `delete from stock_movements where id = (select max(id) from stock_movements)`,
    finds: { reserved_conserved: 'product', one_terminal_transition: 'released' },
  },
  {
    what: 'more units back than left',
    plant: `update stock_movements set stock_delta = 3 where kind = 'return';
      update products set stock_quantity = stock_quantity + 2`,
    heal: `update stock_movements set stock_delta = 1 where kind = 'return';
      update products set stock_quantity = stock_quantity - 2`,
    finds: { returned_was_committed: 'returned line' },
  },
  {
    what: 'an expired reservation that gave nothing back',
    plant: `update stock_movements set order_id = null where kind = 'expire'`,
    heal: `update stock_movements set order_id = '$expired' where kind = 'expire'`,
    finds: { one_terminal_transition: 'expired' },
  },
  {
    what: 'a reservation of nothing',
    plant: `create table kept as select * from reservation_lines where order_id = '$released';
      delete from reservation_lines where order_id = '$released'`,
    heal: 'insert into reservation_lines select * from kept; drop table kept',
    finds: { reservations_have_lines: 'released', lines_taken_once: 'released' },
  },
  {
    what: 'a paid reservation that would expire',
    plant: `update reservations set expires_at = now() where state = 'confirmed'`,
    heal: `update reservations set expires_at = null where state = 'confirmed'`,
    finds: { holds_expire: 'confirmed' },
  },
  {
    what: 'a ledger without a beginning',
    plant: `update stock_movements set kind = 'adjust' where kind = 'initial'`,
    heal: `update stock_movements set kind = 'initial' where id = (select min(id) from stock_movements)`,
    finds: { ledger_begins_once: 'product' },
  },
  {
    what: 'a price that the catalogue does not show',
    plant: 'update products set price_minor = price_minor + 1',
    heal: 'update products set price_minor = price_minor - 1',
    finds: { price_is_newest: 'product' },
  },
];

test.each(FAULTS)('the audit finds $what', async ({ plant, heal, finds }) => {
  await disarm();
  await fixture.sql(spelled(plant));
  const wrong = Object.entries(finds).map(([rule, of]) => [rule, [idOf(of)]]);
  expect(await violated()).toEqual(Object.fromEntries(wrong));
  await fixture.sql(spelled(heal));
  expect(await violated()).toEqual({});
});

test('there is a fault for every rule', () => {
  const found = new Set(FAULTS.flatMap(({ finds }) => Object.keys(finds)));
  expect([...found].sort()).toEqual(RULES.map(({ name }) => name).sort());
});

test('of many violations ten are named and all are counted', async () => {
  await fixture.sql(
    `insert into reservations (order_id, state) select gen_random_uuid(), 'released' from generate_series(1, 12)`,
  );
  const { findings } = await products.audit({}, LIMITS);
  const finding = findings.find(({ rule }) => rule === 'reservations_have_lines');
  expect(finding).toMatchObject({ violations: 12, checked: 17 });
  expect(new Set(finding?.examples).size).toBe(10);
});

function idOf(of: Fault['finds'][string]): string {
  if (of === 'product') return productId;
  return of === 'returned line' ? `${orders.committed} ${productId}` : orders[of];
}

function spelled(sql: string): string {
  return sql.replace(/\$(\w+)/g, (_, state: keyof typeof orders) => orders[state]);
}

/** Takes away what refuses wrong rows. */
async function disarm(): Promise<void> {
  await fixture.sql(`
    alter table stock_movements disable trigger user;
    alter table stock_movements drop constraint if exists stock_movements_shape;
    drop index if exists stock_movements_taken, stock_movements_ended;
    alter table reservations disable trigger user;
    alter table reservations drop constraint if exists reservations_expiry;
    alter table products drop constraint if exists products_no_oversell`);
}
