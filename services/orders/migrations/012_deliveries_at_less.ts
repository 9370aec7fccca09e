import { Migration } from '@mikro-orm/migrations';

/** What each delivery paid for when it was planned, claimed and settled, and what upheld nothing. */
export class DeliveriesAtLess extends Migration {
  override up(): void {
    // Events are append-only, and the trigger that plans deliveries takes each from the event that it is for.
    this.addSql('alter table event_deliveries drop constraint event_deliveries_event_id_foreign');
    // The list of an order's deliveries goes by its events, which are few.
    this.addSql('drop index event_deliveries_of_order');
  }
}
