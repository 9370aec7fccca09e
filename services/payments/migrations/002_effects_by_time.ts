import { Migration } from '@mikro-orm/migrations';

export class EffectsByTime extends Migration {
  override up(): void {
    // The list of effects, oldest first: of about four rows per payment it needs one.
    this.addSql(
      `create index payment_history_effects on payment_history (at, id) where status in ('COMPLETED', 'REFUNDED', 'VOIDED')`,
    );
  }
}
