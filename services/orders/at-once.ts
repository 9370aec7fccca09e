/** The saga's steps as they usually go, each in one statement. What speaks against them is found out and told by service.ts. */
import type { AtOnce } from '../../platform/idempotency/at-once.ts';
import { RECORD_AS_DONE } from './order-record.ts';
import type { PricedLine, Totals } from './totals.ts';

/** A SUBMITTED order with these very lines gets prices and totals and goes through CREATED to RESERVED. */
export function reservedAtOnce({
  orderId,
  lines,
  totals,
}: {
  readonly orderId: string;
  readonly lines: readonly PricedLine[];
  readonly totals: Totals;
}): AtOnce {
  return {
    // As many lines as were submitted, and each submitted one among them: lines never change, so this needs no lock.
    fit: `given as materialized (
       select product_id, quantity, price_minor from unnest($11::uuid[], $12::integer[], $13::bigint[]) as line (product_id, quantity, price_minor)
     ), fit as (
       select id from orders where id = $5::uuid and status = 'SUBMITTED'
         and (select count(*) from order_lines where order_id = $5::uuid) = cardinality($11::uuid[])
         and not exists (
           select from order_lines line where line.order_id = $5::uuid and not exists (
             select from given where given.product_id = line.product_id and given.quantity = line.quantity
           )
         )
     )`,
    effect: `done as (
       update orders set status = 'RESERVED', currency = $6, subtotal_minor = $7, tax_minor = $8, shipping_minor = $9,
         total_minor = $10, updated_at = now()
       from claimed where id = $5::uuid and status = 'SUBMITTED' returning id
     ), priced as (
       update order_lines set unit_price_minor = given.price_minor, line_total_minor = given.price_minor * order_lines.quantity
       from done, given where order_lines.order_id = done.id and order_lines.product_id = given.product_id
     ), noted as (
       insert into order_history (order_id, status)
       select done.id, step.status from done, (values (1, 'CREATED'), (2, 'RESERVED')) as step (place, status)
       order by step.place
     )`,
    values: [
      orderId,
      totals.currency,
      totals.subtotalMinor,
      totals.taxMinor,
      totals.shippingMinor,
      totals.totalMinor,
      lines.map((line) => line.productId),
      lines.map((line) => line.quantity),
      lines.map((line) => line.unitPriceMinor),
    ],
  };
}

/** A RESERVED order becomes PAID; returns its record. */
export function paidAtOnce(orderId: string, paymentId: string): AtOnce {
  return {
    fit: `fit as (select id from orders where id = $5::uuid and status = 'RESERVED')`,
    effect: `done as (
       update orders set status = 'PAID', payment_id = $6::uuid, updated_at = now()
       from claimed where id = $5::uuid and status = 'RESERVED' returning orders.*
     ), noted as (insert into order_history (order_id, status) select id, 'PAID' from done returning *)`,
    values: [orderId, paymentId],
    returns: RECORD_AS_DONE,
  };
}
