/** A local attempt is not in the history before its task ends: a worker that dies takes the knowledge of it along. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { stepKey } from '../../contracts/ids.ts';
import { createOrderLab, type OrderLab, quietRuntime } from './support/order-lab.ts';
import { openShop, type RealShop, STOCK } from './support/real-shop.ts';

let shop: RealShop;
let lab: OrderLab;
beforeAll(async () => {
  quietRuntime();
  shop = await openShop();
  lab = await createOrderLab({ activities: shop.activities });
});
afterAll(async () => {
  await lab.close();
  await shop.close();
});

test('stock that a worker reserved before it died is released when the order then ends before its reservation', async () => {
  const order = await shop.submit();
  const { orderId, userId, lines } = order;
  const idempotencyKey = stepKey(orderId, 'reserve');
  await shop.clients.products.calls.reserveInventory({ idempotencyKey, orderId, lines }, { deadlineMs: 10_000 });
  await shop.tamper.users('update users set active = false where id = $1', userId);

  const failure = { step: 'ValidateUser', reason: 'user_inactive' };
  expect(await lab.ask(order)).toMatchObject({ status: 'cancelled', failure });
  expect(await shop.booksOf(order)).toMatchObject({ stock: { stock: STOCK, reserved: 0 }, reservation: 'released' });
});
