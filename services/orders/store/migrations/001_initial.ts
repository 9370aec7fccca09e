import { Migration } from '@mikro-orm/migrations';
import { IDEMPOTENCY_TABLE } from '../../../../platform/idempotency/schema.ts';
import { OUTBOX_INDEX, OUTBOX_TABLE } from '../../../../platform/outbox/schema.ts';
import { APPEND_ONLY, CHECKS } from './guards.ts';
import { HISTORY, INTERVENTIONS, ORDER_INDEXES, ORDER_LINES, ORDERS, RETURN_LINES, RETURNS } from './tables.ts';

export class InitialMigration extends Migration {
  override up(): void {
    const tables = [IDEMPOTENCY_TABLE, ORDERS, ORDER_LINES, HISTORY, INTERVENTIONS, RETURNS, RETURN_LINES, OUTBOX_TABLE];
    const statements = [...tables, ...ORDER_INDEXES, OUTBOX_INDEX, ...APPEND_ONLY, ...CHECKS];
    for (const statement of statements) this.addSql(statement);
  }
}
