import { Migration } from '@mikro-orm/migrations';

/**
 * Lists for operators, newest first: of everybody's orders, of one status, and of those that failed at one step. What is in
 * no index (a time span, the ids of a few orders) narrows one of these.
 */
export class OrderLists extends Migration {
  override up(): void {
    this.addSql('create index orders_by_time on orders (created_at desc, id desc)');
    this.addSql('create index orders_by_status on orders (status, created_at desc, id desc)');
    this.addSql(`
      create index orders_by_failed_step on orders (failure_step, created_at desc, id desc) where failure_step is not null`);
  }
}
