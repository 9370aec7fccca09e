import type { Rule } from '../../../platform/audit/evaluate.ts';

/**
 * The invariants of the stock, each as one row per thing looked at. What the ledger (stock_movements) holds, what the
 * reservations hold and what the products' rows say are three accounts of the same stock.
 */
export const RULES: readonly Rule[] = [
  {
    // The stock is what came in, was adjusted and left the building: the ledger replayed.
    name: 'stock_conserved',
    rows: `select p.id::text as id, p.stock_quantity <> coalesce(sum(m.stock_delta), 0) as wrong
      from products p left join stock_movements m on m.product_id = p.id group by p.id`,
  },
  {
    name: 'reserved_conserved',
    rows: `select p.id::text as id, p.reserved_quantity <> coalesce(sum(m.reserved_delta), 0) as wrong
      from products p left join stock_movements m on m.product_id = p.id group by p.id`,
  },
  {
    // Held and confirmed reservations are still in the building.
    name: 'reserved_matches_holds',
    rows: `select p.id::text as id, p.reserved_quantity <> coalesce(sum(l.quantity), 0) as wrong
      from products p
      left join (select product_id, quantity from reservation_lines join reservations using (order_id)
                 where state in ('held', 'confirmed')) l on l.product_id = p.id
      group by p.id`,
  },
  {
    name: 'committed_matches_sold',
    rows: `select p.id::text as id, coalesce(sold.quantity, 0) <> coalesce(committed.quantity, 0) as wrong
      from products p
      left join (select product_id, -sum(stock_delta) as quantity from stock_movements where kind = 'commit' group by product_id)
        sold on sold.product_id = p.id
      left join (select product_id, sum(quantity) as quantity from reservation_lines join reservations using (order_id)
                 where state = 'committed' group by product_id) committed on committed.product_id = p.id`,
  },
  {
    // Nothing comes back that did not leave.
    name: 'returned_was_committed',
    rows: `select back.order_id::text || ' ' || back.product_id as id, back.quantity > coalesce((
          select sum(l.quantity) from reservation_lines l join reservations r using (order_id)
          where l.order_id = back.order_id and l.product_id = back.product_id and r.state = 'committed'), 0) as wrong
      from (select order_id, product_id, sum(stock_delta) as quantity from stock_movements where kind = 'return'
            group by order_id, product_id) back`,
  },
  {
    name: 'no_negative',
    rows: `select id::text, stock_quantity < 0 or reserved_quantity < 0 or reserved_quantity > stock_quantity as wrong from products`,
  },
  {
    // Each line took exactly once what it says, and nothing was taken without a line.
    name: 'lines_taken_once',
    rows: `select coalesce(l.order_id, m.order_id)::text as id,
        l.order_id is null or m.times is distinct from 1 or m.quantity is distinct from l.quantity as wrong
      from reservation_lines l
      full join (select order_id, product_id, count(*) as times, sum(reserved_delta) as quantity
                 from stock_movements where kind = 'reserve' group by order_id, product_id) m
        on m.order_id = l.order_id and m.product_id = l.product_id`,
  },
  {
    // A reservation that ended gave back, or shipped, each line once and in the way its state says; a live one nothing.
    name: 'one_terminal_transition',
    rows: `select r.order_id::text as id, bool_or(
          coalesce(m.times, 0) <> case when r.state in ('held', 'confirmed') then 0 else 1 end
          or m.kind is distinct from case r.state when 'released' then 'release' when 'expired' then 'expire'
                                                  when 'committed' then 'commit' end
          or coalesce(m.quantity, l.quantity) <> l.quantity) as wrong
      from reservations r
      join reservation_lines l on l.order_id = r.order_id
      left join (select order_id, product_id, count(*) as times, min(kind) as kind, -sum(reserved_delta) as quantity
                 from stock_movements where kind in ('release', 'expire', 'commit') group by order_id, product_id) m
        on m.order_id = l.order_id and m.product_id = l.product_id
      group by r.order_id`,
  },
  {
    // One that holds nothing was never a reservation.
    name: 'reservations_have_lines',
    rows: `select order_id::text as id, not exists (select from reservation_lines l where l.order_id = r.order_id) as wrong
      from reservations r`,
  },
  {
    // A hold without an end would be kept for ever; a paid one with an end would be lost.
    name: 'holds_expire',
    rows: `select order_id::text as id, (state = 'held') <> (expires_at is not null) as wrong
      from reservations where state in ('held', 'confirmed', 'committed')`,
  },
  {
    // The newest row of the prices is the price that the catalogue shows.
    name: 'price_is_newest',
    rows: `select p.id::text as id, (p.price_minor, p.currency) is distinct from (newest.price_minor, newest.currency) as wrong
      from products p left join lateral (
        select price_minor, currency from product_prices where product_id = p.id order by effective_from desc, id desc limit 1
      ) newest on true`,
  },
  {
    // The ledger of a product begins with its first stock, once.
    name: 'ledger_begins_once',
    rows: `select p.id::text as id,
        count(m.id) filter (where m.kind = 'initial') <> 1 or min(m.id) filter (where m.kind = 'initial') <> min(m.id) as wrong
      from products p left join stock_movements m on m.product_id = p.id group by p.id`,
  },
];
