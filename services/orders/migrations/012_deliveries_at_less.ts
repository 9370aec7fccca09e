import { Migration } from '@mikro-orm/migrations';

/** What each delivery paid for whenever it was planned, claimed and settled. */
export class DeliveriesAtLess extends Migration {
  override up(): void {
    // The list of an order's deliveries goes by its events, which are few.
    this.addSql('drop index event_deliveries_of_order');
  }
}
