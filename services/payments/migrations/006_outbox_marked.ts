import { Migration } from '@mikro-orm/migrations';

// All but relayed_at; a test goes through the table's columns.
const FIXED = ['id', 'position', 'cause', 'type', 'order_id', 'user_id', 'at', 'amount_minor', 'currency', 'facts'];

const changed = `(${FIXED.map((column) => `old.${column}`).join()}) is distinct from (${FIXED.map((column) => `new.${column}`).join()})`;

/** Marking an event as relayed is all that is done to it, once per event. */
export class OutboxMarked extends Migration {
  override up(): void {
    // Compared by the trigger's condition: the function, which makes two JSON documents, runs for what it refuses.
    this.addSql('drop trigger outbox_stays on outbox');
    this.addSql(`
      create trigger outbox_stays before update on outbox for each row when (${changed}) execute function outbox_stays()`);
    this.addSql('create trigger outbox_kept before delete on outbox for each row execute function outbox_stays()');
    // An identity is unique, and what is not relayed has an index by it.
    this.addSql('alter table outbox drop constraint outbox_position');
  }
}
