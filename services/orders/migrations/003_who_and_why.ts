import { Migration } from '@mikro-orm/migrations';

/** Who moved an order and in which words, and what operators did to the undos of a parked one. */
export class WhoAndWhy extends Migration {
  override up(): void {
    this.addSql(`
      alter table order_history
        add column actor_id uuid null,
        add column note text not null default ''`);
    this.addSql(`
      create table order_interventions (
        sequence bigserial primary key,
        order_id uuid not null constraint order_interventions_order_id_foreign references orders (id),
        actor_id uuid not null,
        action text not null constraint order_interventions_action_check check (action in ('retry', 'resolve')),
        steps text not null constraint order_interventions_steps_check check (steps <> ''),
        reason text not null constraint order_interventions_reason_check check (reason <> ''),
        reference text not null default '',
        at timestamptz(3) not null default now()
      )`);
    this.addSql('create index order_interventions_of_order on order_interventions (order_id, sequence)');
    this.addSql(`
      create function refuse_change_of_interventions() returns trigger language plpgsql as $$
      begin
        raise exception 'order_interventions is append-only' using errcode = 'restrict_violation';
      end $$`);
    this.addSql(`
      create trigger order_interventions_append_only before update or delete or truncate on order_interventions
        for each statement execute function refuse_change_of_interventions()`);
  }
}
