import { Migration } from '@mikro-orm/migrations';

export class ShipmentsAndFacts extends Migration {
  override up(): void {
    this.addSql(`
      alter table orders
        add column failure_facts jsonb null,
        add column carrier text null,
        add column tracking_number text null,
        add column shipped_at timestamptz(3) null,
        add column delivered_at timestamptz(3) null,
        add constraint orders_failure_facts_check check (failure_facts is null or failure_reason is not null),
        add constraint orders_shipment_whole_check check (num_nulls(carrier, tracking_number, shipped_at) in (0, 3)),
        add constraint orders_shipped_check check ((status in ('SHIPPED', 'DELIVERED', 'RETURNED')) = (shipped_at is not null)),
        add constraint orders_delivered_check check (
          case when delivered_at is null then status <> 'DELIVERED'
            else status in ('DELIVERED', 'RETURNED') and delivered_at >= shipped_at
          end
        )`);
    // The list of effects, oldest first.
    this.addSql('create index order_history_by_time on order_history (at, sequence)');
  }
}
