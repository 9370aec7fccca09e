import { Migration } from '@mikro-orm/migrations';

/** Goods that come back: a movement of its own kind, under the id of the return that brought them. */
export class Returns extends Migration {
  override up(): void {
    this.addSql(`
      alter table stock_movements
        add column return_id uuid null,
        drop constraint stock_movements_shape,
        add constraint stock_movements_shape check (
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
        )`);
    this.addSql("create unique index stock_movements_returned on stock_movements (return_id, product_id) where kind = 'return'");
    this.addSql("create index stock_movements_returned_of_order on stock_movements (order_id, product_id) where kind = 'return'");
  }
}
