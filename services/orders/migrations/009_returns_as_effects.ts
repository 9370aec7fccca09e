import { Migration } from '@mikro-orm/migrations';

/** Returns take numbers of the history's own sequence, so that what orders did is one list without two equal places. */
export class ReturnsAsEffects extends Migration {
  override up(): void {
    this.addSql('alter table returns add column requested_sequence bigint, add column completed_sequence bigint');
    this.addSql('alter table returns disable trigger returns_stay');
    // What was there before is placed by its time; its numbers only tell it apart.
    this.addSql(`
      update returns set requested_sequence = nextval(pg_get_serial_sequence('order_history', 'sequence')),
        completed_sequence = case when completed_at is not null
          then nextval(pg_get_serial_sequence('order_history', 'sequence')) end`);
    this.addSql('alter table returns enable trigger returns_stay');
    this.addSql('alter table returns alter column requested_sequence set not null');
    // Here and not in the service: an instance of before counts too.
    this.addSql(`
      create function number_returns() returns trigger language plpgsql as $$
      begin
        if tg_op = 'INSERT' then
          new.requested_sequence := nextval(pg_get_serial_sequence('order_history', 'sequence'));
        else
          new.requested_sequence := old.requested_sequence;
          new.completed_sequence := nextval(pg_get_serial_sequence('order_history', 'sequence'));
        end if;
        return new;
      end $$`);
    this.addSql(`
      create trigger returns_numbered before insert or update of completed_at on returns
        for each row execute function number_returns()`);
    this.addSql('create unique index returns_requested_by_time on returns (requested_at, requested_sequence)');
    this.addSql('create unique index returns_completed_by_time on returns (completed_at, completed_sequence)');
  }
}
