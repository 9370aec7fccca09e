import { Migration } from '@mikro-orm/migrations';

/** The invariants of returns.ts once more, for statements that do not pass through it. */
export class ReturnsUpheld extends Migration {
  override up(): void {
    // RT1. The lock on the order's line makes two writers that forgot to lock the order wait for each other.
    this.addSql(`
      create function refuse_more_than_was_bought() returns trigger language plpgsql as $$
      declare
        bought record;
        back bigint;
      begin
        select line.order_id, line.quantity into bought from order_lines line join returns on returns.order_id = line.order_id
          where returns.id = new.return_id and line.product_id = new.product_id for no key update of line;
        select coalesce(sum(lines.quantity), 0) into back from return_lines lines join returns on returns.id = lines.return_id
          where returns.order_id = bought.order_id and lines.product_id = new.product_id;
        if back + new.quantity > coalesce(bought.quantity, 0) then
          raise exception 'more units than were bought cannot come back'
            using errcode = 'check_violation', constraint = 'return_lines_bought';
        end if;
        return new;
      end $$`);
    this.addSql(`
      create trigger return_lines_bought before insert on return_lines
        for each row execute function refuse_more_than_was_bought()`);
    // RT3, the half that one row can show: no order is RETURNED too early.
    this.addSql(`
      create function refuse_returned_in_part() returns trigger language plpgsql as $$
      begin
        if exists (
          select from order_lines line where line.order_id = new.id and line.quantity > coalesce((
            select sum(back.quantity) from return_lines back join returns on returns.id = back.return_id
            where returns.order_id = new.id and back.product_id = line.product_id and returns.completed_at is not null), 0)
        ) then
          raise exception 'an order is returned when every unit is back'
            using errcode = 'check_violation', constraint = 'orders_returned_whole';
        end if;
        return new;
      end $$`);
    this.addSql(`
      create trigger orders_returned_whole before update of status on orders
        for each row when (new.status = 'RETURNED' and old.status <> 'RETURNED') execute function refuse_returned_in_part()`);
  }
}
