import { CONFIRMED_STATUSES, type ConfirmedOrder } from '../contracts/confirmed-order.ts';
import type { Order, OrderLine, StatusChange } from '../proto/gen/shopfast/orders/v1/orders.ts';

/**
 * What a workflow carries of a record that is PAID or further. Undefined when orders does not tell all of it: the order is
 * confirmed all the same, and whoever wants the record reads it.
 */
export function confirmedOrderFrom(order: Order | undefined): ConfirmedOrder | undefined {
  const { subtotal, tax, shipping, total } = order?.totals ?? {};
  const lines = order?.lines.flatMap(lineFrom) ?? [];
  if (!order || !subtotal || !tax || !shipping || !total || lines.length < order.lines.length) return undefined;
  return { lines, totals: { subtotal, tax, shipping, total }, history: order.history.flatMap(changeFrom) };
}

function lineFrom({ productId, quantity, unitPrice, lineTotal }: OrderLine) {
  return unitPrice && lineTotal ? [{ productId, quantity, unitPrice, lineTotal }] : [];
}

/** What came after the confirmation is no part of it: a repeated call is answered with the order as it is by then. */
function changeFrom({ status, at }: StatusChange) {
  const name = CONFIRMED_STATUSES.find((known) => status === `ORDER_STATUS_${known}`);
  return name && at ? [{ status: name, at: at.toISOString() }] : [];
}
