import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  RESERVATION_STATES,
  RESERVATION_TRANSITIONS,
  type ReservationState,
} from '../../services/products/domain/reservation.ts';
import { ENTITIES } from '../../services/products/store/orm.ts';
import { schemaDrift } from '../../testkit/schema-drift.ts';
import { createProduct, openProducts, type ProductCalls, type ProductsFixture, paidOrder } from './products-fixture.ts';

let fixture: ProductsFixture;
let products: ProductCalls;
beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start();
});
afterAll(() => fixture.close());

test('the migrated tables are what the entities say', async () => {
  expect(await schemaDrift(fixture.url, ENTITIES)).toEqual([]);
});

test('the ledger cannot be changed, not even by its owner', async () => {
  await createProduct(products);
  for (const statement of [
    'update stock_movements set stock_delta = 1',
    'delete from stock_movements',
    'truncate stock_movements',
    'truncate products cascade',
  ]) {
    await expect(fixture.sql(statement)).rejects.toThrow('are never changed');
  }
});

test('the ledger takes no movement that means nothing', async () => {
  const { id } = await createProduct(products);
  for (const [kind, stock, reserved] of [
    ['initial', 5, 1],
    ['adjust', 0, 0],
    ['reserve', 0, 1],
    ['release', 0, -1],
    ['commit', -1, -1],
    ['return', 1, 0],
    ['gift', 1, 0],
  ]) {
    const insert = 'insert into stock_movements (product_id, kind, stock_delta, reserved_delta) values ($1, $2, $3, $4)';
    await expect(fixture.sql(insert, [id, kind, stock, reserved])).rejects.toThrow('stock_movements_shape');
  }
});

test('the database itself refuses to reserve more than there is, or less than nothing', async () => {
  const { id } = await createProduct(products, { stockQuantity: 3 });
  for (const reserved of [4, -1]) {
    await expect(fixture.sql('update products set reserved_quantity = $2 where id = $1', [id, reserved])).rejects.toThrow(
      'products_no_oversell',
    );
  }
});

test('the database lets a reservation go exactly the ways that the code knows', async () => {
  for (const from of RESERVATION_STATES) {
    const ways: ReservationState[] = [];
    for (const to of RESERVATION_STATES.filter((state) => state !== from)) {
      const orderId = randomUUID();
      const expiry = (state: ReservationState) => (state === 'held' ? new Date(Date.now() + 60_000) : null);
      await fixture.sql('insert into reservations (order_id, state, expires_at) values ($1, $2, $3)', [
        orderId,
        from,
        expiry(from),
      ]);
      const moved = fixture.sql('update reservations set state = $2, expires_at = $3 where order_id = $1', [
        orderId,
        to,
        expiry(to),
      ]);
      const refused = await moved.then(
        () => undefined,
        (error: Error) => error.message,
      );
      if (refused === undefined) ways.push(to);
      else expect(refused).toBe(`a reservation that is ${from} cannot become ${to}`);
    }
    expect(ways.sort()).toEqual([...RESERVATION_TRANSITIONS[from]].sort());
  }
});

test('the ledger takes a return for its order and under its id only, and once for each product', async () => {
  const { id } = await createProduct(products);
  const { orderId } = await paidOrder(products, { productId: id, quantity: 2 });
  const put = (kind: string, stock: number, of: string | null, returnId: string | null) =>
    fixture.sql(
      'insert into stock_movements (product_id, kind, stock_delta, reserved_delta, order_id, return_id) values ($1, $2, $3, 0, $4, $5)',
      [id, kind, stock, of, returnId],
    );
  const returnId = randomUUID();
  for (const [kind, stock, of, back] of [
    ['return', 1, orderId, null],
    ['return', 1, null, returnId],
    ['return', 0, orderId, returnId],
    ['return', -1, orderId, returnId],
    ['adjust', 1, null, returnId],
  ] as const) {
    await expect(put(kind, stock, of, back)).rejects.toMatchObject({ constraint: 'stock_movements_shape' });
  }
  await put('return', 1, orderId, returnId);
  await expect(put('return', 1, orderId, returnId)).rejects.toMatchObject({ constraint: 'stock_movements_returned' });
});
