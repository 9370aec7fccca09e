import { Migration } from '@mikro-orm/migrations';

/** The ledger is read by time too, for what was done to orders. Rows come in that order, so the index grows at its end. */
export class EffectsByTime extends Migration {
  override up(): void {
    this.addSql('create index stock_movements_effects on stock_movements (created_at, id) where order_id is not null');
  }
}
