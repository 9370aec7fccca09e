import { Migration } from '@mikro-orm/migrations';

// The sum keeps PostgreSQL from walking back through everybody's history until it meets a row of this order, which it prefers as
// long as its statistics are missing or old: of an order that begins it would meet none, and read the whole table.
const HISTORY_LINKS = `
create or replace function link_history() returns trigger language plpgsql volatile as $$
declare
  previous record;
begin
  select status, at into previous from order_history where order_id = new.order_id order by sequence + 0 desc limit 1;
  new.previous_status := previous.status;
  new.at := greatest(previous.at, new.at);
  return new;
end $$`;

/** A row of the history finds the one it follows among those of its order, whatever is known of the table. */
export class LinksByOrder extends Migration {
  override up(): void {
    this.addSql(HISTORY_LINKS);
  }
}
