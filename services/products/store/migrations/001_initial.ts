import { Migration } from '@mikro-orm/migrations';
import { IDEMPOTENCY_TABLE } from '../../../../platform/idempotency/schema.ts';

/** Catalogue, reservations and the ledger of stock. The names of the unique constraints are known to the code. */
export class Initial extends Migration {
  override up(): void {
    this.addSql(IDEMPOTENCY_TABLE);
    for (const statement of [...PRODUCTS, ...PRICES, ...RESERVATIONS, ...STOCK_MOVEMENTS]) this.addSql(statement);
  }
}

// Room in each page for the next version of a row: a popular product changes with every order.
const PRODUCTS = [
  `create table products (
  id uuid primary key,
  sku text not null constraint products_sku_unique unique check (char_length(sku) between 1 and 64),
  name text not null check (char_length(name) between 1 and 200),
  description text not null default '',
  category text not null default '',
  price_minor bigint not null check (price_minor >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  stock_quantity integer not null,
  reserved_quantity integer not null default 0,
  image_url text not null default '',
  weight_grams integer check (weight_grams > 0),
  dimensions jsonb,
  search_text text not null default '',
  -- No text search configuration: the words are split and folded by the code that also splits the words of a query.
  search_words tsvector generated always as (array_to_tsvector(string_to_array(search_text, ' '))) stored,
  active boolean not null default true,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint products_no_oversell check (0 <= reserved_quantity and reserved_quantity <= stock_quantity)
) with (fillfactor = 70)`,
  'create index products_search_words on products using gin (search_words)',
  // Reads the index also where the planner expects so many matches that it would read the table (store/search.ts).
  `create function product_ids_with(query tsquery) returns setof uuid language sql stable parallel safe set enable_seqscan = off
as $$ select id from products where search_words @@ query $$`,
  'create index products_category on products (category, id) where active',
];

const PRICES = [
  `create table product_prices (
  id bigint generated always as identity primary key,
  product_id uuid not null constraint product_prices_product_id_foreign references products (id),
  price_minor bigint not null check (price_minor >= 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  effective_from timestamptz not null default now()
)`,
  'create index product_prices_product on product_prices (product_id, effective_from)',
  `create function product_prices_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'prices are never changed' using errcode = 'restrict_violation';
end $$`,
  `create trigger product_prices_append_only before update or delete or truncate on product_prices
   for each statement execute function product_prices_append_only()`,
];

// Times in milliseconds, as the code compares them.
const RESERVATIONS = [
  `create table reservations (
  order_id uuid primary key,
  state text not null check (state in ('held', 'confirmed', 'committed', 'released', 'expired')),
  expires_at timestamptz(3),
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  constraint reservations_expiry check (
    case when state = 'held' then expires_at is not null when state in ('confirmed', 'committed') then expires_at is null else true end
  )
)`,
  "create index reservations_due on reservations (expires_at) where state = 'held'",
  // Guards the state machine of domain/reservation.ts against statements that do not pass through it.
  `create function reservations_transition_check() returns trigger language plpgsql as $$
begin
  if (old.state, new.state) not in (('held', 'confirmed'), ('held', 'released'), ('held', 'expired'),
                                    ('confirmed', 'committed'), ('confirmed', 'released')) then
    raise exception 'a reservation that is % cannot become %', old.state, new.state using errcode = 'check_violation';
  end if;
  return new;
end $$`,
  `create trigger reservations_transition_check before update on reservations for each row
   when (old.state is distinct from new.state) execute function reservations_transition_check()`,
  `create table reservation_lines (
  order_id uuid not null references reservations (order_id),
  product_id uuid not null references products (id),
  quantity integer not null check (quantity > 0),
  primary key (order_id, product_id)
)`,
];

const STOCK_MOVEMENTS = [
  `create table stock_movements (
  id bigint generated always as identity primary key,
  product_id uuid not null constraint stock_movements_product_id_foreign references products (id),
  kind text not null,
  stock_delta integer not null,
  reserved_delta integer not null default 0,
  order_id uuid references reservations (order_id),
  return_id uuid,
  reason text not null default '',
  created_at timestamptz not null default now(),
  constraint stock_movements_shape check (
    case kind
      when 'initial' then stock_delta >= 0 and reserved_delta = 0 and order_id is null
      when 'adjust' then stock_delta <> 0 and reserved_delta = 0 and order_id is null
      when 'reserve' then stock_delta = 0 and reserved_delta > 0 and order_id is not null
      when 'release' then stock_delta = 0 and reserved_delta < 0 and order_id is not null
      when 'expire' then stock_delta = 0 and reserved_delta < 0 and order_id is not null
      when 'commit' then stock_delta < 0 and stock_delta = reserved_delta and order_id is not null
      when 'return' then stock_delta > 0 and reserved_delta = 0 and order_id is not null
      else false
    end and (kind = 'return') = (return_id is not null)
  )
)`,
  'create index stock_movements_product on stock_movements (product_id, id)',
  // A reservation takes once, and ends once.
  "create unique index stock_movements_taken on stock_movements (order_id, product_id) where kind = 'reserve'",
  `create unique index stock_movements_ended on stock_movements (order_id, product_id) where kind in ('release', 'expire', 'commit')`,
  // One id is one return, of each product once.
  "create unique index stock_movements_returned on stock_movements (return_id, product_id) where kind = 'return'",
  "create index stock_movements_returned_of_order on stock_movements (order_id, product_id) where kind = 'return'",
  // The ledger is read by time as well (store/effects.ts). Rows come in that order, so the index grows at its end.
  'create index stock_movements_effects on stock_movements (created_at, id) where order_id is not null',
  `create function stock_movements_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'stock movements are never changed' using errcode = 'restrict_violation';
end $$`,
  `create trigger stock_movements_append_only before update or delete or truncate on stock_movements
   for each statement execute function stock_movements_append_only()`,
];
