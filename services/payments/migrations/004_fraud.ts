import { Migration } from '@mikro-orm/migrations';

export class Fraud extends Migration {
  override up(): void {
    // Null: not decided yet, or decided before there was a fraud check.
    this.addSql(`
      alter table payments add column fraud_score integer, add column fraud_factors jsonb,
        add constraint payments_fraud check ((fraud_score is null) = (fraud_factors is null))`);
    // What a customer did lately, newest first.
    this.addSql('create index payments_user_id_created_at_index on payments (user_id, created_at)');
  }
}
