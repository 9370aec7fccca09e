import { Migration } from '@mikro-orm/migrations';

/** What a receiver is being told, for whoever claims: counted among all that it waits for it would be slow. */
export class DeliveriesThatAreOut extends Migration {
  override up(): void {
    this.addSql('create index event_deliveries_out on event_deliveries (receiver_id) where leased_until is not null');
  }
}
