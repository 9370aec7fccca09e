/** The reconciler on real services: faults are planted as crashes and operators leave them, found, and repaired where that is safe. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { orderWorkflowId, stepKey } from '../../contracts/ids.ts';
import { eventually } from '../../testkit/eventually.ts';
import { openReconcileLab, type ReconcileLab } from './support/reconcile-lab.ts';

const LIMITS = { deadlineMs: 10_000 };
const PRICE = { amountMinor: 1_000, currency: 'EUR' };

let reconciler: ReconcileLab;
beforeAll(async () => {
  reconciler = await openReconcileLab();
});
afterAll(async () => {
  process.stdout.write(reconciler.summary());
  await reconciler.close();
});

test('a shop in which nothing went wrong has no drift, and every kind of book was looked at', async () => {
  const { shop, lab, reconcile, registry } = reconciler;
  const order = await shop.submit();
  expect(await lab.ask(order)).toMatchObject({ status: 'confirmed' });
  const declined = await shop.submit('tok_declined');
  expect(await lab.ask(declined)).toMatchObject({ status: 'cancelled' });

  const { findings, repairable, repaired } = await reconcile(true);
  expect(findings.filter(({ violations }) => violations > 0)).toEqual([]);
  expect([repairable, repaired]).toEqual([[], []]);
  for (const rule of ['paid_without_charge', 'provider_agrees', 'orders.history_is_legal', 'products.stock_conserved']) {
    expect(findings.find((finding) => finding.rule === rule)?.checked).toBeGreaterThan(0);
  }
  expect(await registry.metrics()).toContain('reconciler_drift{rule="paid_without_charge"} 0');
});

test('a hold whose order nobody knows is found, shown as drift, and released', async () => {
  const { shop, violated, registry, expectFound } = reconciler;
  const { lines } = await shop.submit();
  const orderId = randomUUID();
  await shop.clients.products.calls.reserveInventory(
    { idempotencyKey: stepKey(orderId, 'reserve'), orderId, lines: [...lines], pricesAsOf: new Date() },
    LIMITS,
  );
  expect(await violated()).toMatchObject({ reserved_without_order: [orderId] });
  expect(await registry.metrics()).toContain('reconciler_drift{rule="reserved_without_order"} 1');

  await expectFound(orderId, ['reserved_without_order'], [{ rule: 'reserved_without_order', action: 'release the hold' }]);
  expect((await shop.booksOf({ orderId, lines })).reservation).toBe('released');
});

test('a charge whose order nobody knows is found and refunded, here and at the provider', async () => {
  const { shop, expectFound } = reconciler;
  const orderId = randomUUID();
  const { userId, lines } = await shop.submit();
  await shop.clients.payments.calls.processPayment(
    { idempotencyKey: stepKey(orderId, 'pay'), orderId, userId, amount: PRICE, paymentMethod: 'tok_ok' },
    LIMITS,
  );
  await expectFound(orderId, ['charged_without_order'], [{ rule: 'charged_without_order', action: 'refund the charge' }]);
  expect(await shop.booksOf({ orderId, lines })).toMatchObject({
    payment: { status: 'REFUNDED' },
    provider: { charges: [1_000], refunds: [1_000] },
  });
});

test('an order that was submitted and whose workflow never began is started, and ends', async () => {
  const { shop, expectFound } = reconciler;
  const order = await shop.submit();
  await expectFound(
    order.orderId,
    ['submitted_without_workflow'],
    [{ rule: 'submitted_without_workflow', action: 'start the workflow' }],
  );
  await eventually(
    () => shop.booksOf(order),
    ({ statuses }) => statuses.at(-1) === 'PAID',
  );
});

test('an order whose workflow an operator terminated is settled: refunded, released, cancelled', async () => {
  const { shop, lab } = reconciler;
  const gate = lab.gate();
  const order = await shop.submit();
  shop.hold(order.orderId, gate.passed);
  lab.ask(order).catch(() => {});
  await eventually(
    () => shop.booksOf(order),
    ({ payment }) => payment?.status === 'COMPLETED',
  );
  await lab.temporal.client.workflow.getHandle(orderWorkflowId(order.orderId)).terminate('an operator lost patience');
  await reconciler.expectFound(
    order.orderId,
    ['ended_without_outcome'],
    [{ rule: 'ended_without_outcome', action: 'settle the order' }],
  );
  expect(await shop.booksOf(order)).toMatchObject({
    statuses: ['SUBMITTED', 'CREATED', 'RESERVED', 'CANCELLED'],
    stock: { reserved: 0 },
    reservation: 'released',
    payment: { status: 'REFUNDED' },
  });
  gate.open();
});

test('an order whose workflow runs is left alone, whatever the books say of it', async () => {
  const { shop, lab } = reconciler;
  const gate = lab.gate();
  const order = await shop.submit();
  shop.hold(order.orderId, gate.passed);
  const outcome = lab.ask(order);
  await eventually(
    () => shop.booksOf(order),
    ({ payment }) => payment !== null,
  );
  const { repaired } = await reconciler.reconcile(true);
  expect(repaired.filter(({ orderId }) => orderId === order.orderId)).toEqual([]);
  gate.open();
  expect(await outcome).toMatchObject({ status: 'confirmed' });
});

test('after all of this there is no drift', async () => {
  await reconciler.reconcile(true);
  await eventually(
    () => reconciler.violated(),
    (found) => Object.keys(found).length === 0,
  );
});
