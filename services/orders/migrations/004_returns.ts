import { Migration } from '@mikro-orm/migrations';

/** What came back of an order, and what it was worth. A return is written once and completed once. */
export class Returns extends Migration {
  override up(): void {
    this.addSql(`
      create table returns (
        id uuid primary key,
        order_id uuid not null constraint returns_order_id_foreign references orders (id),
        actor_id uuid not null,
        reason text not null,
        refund_minor bigint not null constraint returns_refund_check check (refund_minor >= 0),
        requested_at timestamptz(3) not null default now(),
        completed_at timestamptz(3) null constraint returns_completed_check check (completed_at >= requested_at)
      )`);
    this.addSql('create index returns_of_order on returns (order_id, requested_at)');
    this.addSql(`
      create table return_lines (
        return_id uuid not null constraint return_lines_return_id_foreign references returns (id),
        product_id uuid not null,
        quantity integer not null constraint return_lines_quantity_check check (quantity > 0),
        constraint return_lines_pkey primary key (return_id, product_id)
      )`);
    this.addSql(`
      create function refuse_change_of_returns() returns trigger language plpgsql as $$
      begin
        if tg_op = 'UPDATE' and old.completed_at is null and new.completed_at is not null
           and (new.id, new.order_id, new.actor_id, new.reason, new.refund_minor, new.requested_at)
             = (old.id, old.order_id, old.actor_id, old.reason, old.refund_minor, old.requested_at) then
          return new;
        end if;
        raise exception 'a return is completed once and never changed' using errcode = 'restrict_violation';
      end $$`);
    this.addSql(`
      create trigger returns_stay before update or delete on returns
        for each row execute function refuse_change_of_returns()`);
    this.addSql(`
      create function refuse_change_of_return_lines() returns trigger language plpgsql as $$
      begin
        raise exception 'return_lines is append-only' using errcode = 'restrict_violation';
      end $$`);
    this.addSql(`
      create trigger return_lines_stay before update or delete or truncate on return_lines
        for each statement execute function refuse_change_of_return_lines()`);
  }
}
