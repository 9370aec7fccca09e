import { CONFIRMED_STATUSES, type ConfirmedOrder } from '../contracts/confirmed-order.ts';
import type { Order, OrderLine, StatusChange } from '../proto/gen/shopfast/orders/v1/orders.ts';
import { moneyFrom } from './money.ts';

/** What a workflow carries of a record that is PAID or further. Throws when orders left out a part that its contract promises. */
export function confirmedOrderFrom(order: Order | undefined): ConfirmedOrder {
  const { lines = [], totals, history = [] } = order ?? {};
  return {
    lines: lines.map(lineFrom),
    totals: {
      subtotal: moneyFrom(totals?.subtotal),
      tax: moneyFrom(totals?.tax),
      shipping: moneyFrom(totals?.shipping),
      total: moneyFrom(totals?.total),
    },
    history: history.flatMap(changeFrom),
  };
}

function lineFrom({ productId, quantity, unitPrice, lineTotal }: OrderLine) {
  return { productId, quantity, unitPrice: moneyFrom(unitPrice), lineTotal: moneyFrom(lineTotal) };
}

/** What came after the confirmation is no part of it: a repeated call is answered with the order as it is by then. */
function changeFrom({ status, at }: StatusChange) {
  const name = CONFIRMED_STATUSES.find((known) => status === `ORDER_STATUS_${known}`);
  return name && at ? [{ status: name, at: at.toISOString() }] : [];
}
