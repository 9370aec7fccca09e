import { Migration } from '@mikro-orm/migrations';
import { IDEMPOTENCY_TABLE } from '../../../platform/idempotency/schema.ts';

export class Initial extends Migration {
  override up(): void {
    this.addSql(IDEMPOTENCY_TABLE);
    this.addSql(`
      create table payments (
        id uuid primary key,
        order_id uuid not null,
        user_id uuid not null,
        charge_key text not null,
        amount_minor bigint not null,
        currency text not null,
        status text not null,
        captured_minor bigint not null default 0,
        refunded_minor bigint not null default 0,
        provider_reference text,
        failure_reason text,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        constraint payments_order_id_unique unique (order_id),
        constraint payments_charge_key_unique unique (charge_key),
        constraint payments_provider_reference_unique unique (provider_reference),
        constraint payments_amount check (amount_minor > 0),
        constraint payments_currency check (currency ~ '^[A-Z]{3}$'),
        constraint payments_status check (status in
          ('PENDING', 'AUTHORIZED', 'PROCESSING', 'COMPLETED', 'REFUNDING', 'REFUNDED', 'FAILED', 'VOIDED')),
        constraint payments_money check
          (0 <= refunded_minor and refunded_minor <= captured_minor and captured_minor <= amount_minor),
        constraint payments_captured check ((status in ('COMPLETED', 'REFUNDING', 'REFUNDED')) = (captured_minor > 0)),
        constraint payments_refunded check ((status = 'REFUNDED') = (captured_minor > 0 and refunded_minor = captured_minor)),
        constraint payments_charged check (captured_minor = 0 or provider_reference is not null),
        constraint payments_failed check ((status = 'FAILED') = (failure_reason is not null))
      )`);
    this.addSql(`
      create table payment_history (
        id bigserial primary key,
        payment_id uuid not null,
        status text not null,
        reason text,
        at timestamptz not null default now(),
        constraint payment_history_payment_id_foreign foreign key (payment_id) references payments (id)
      )`);
    this.addSql('create index payment_history_payment_id_index on payment_history (payment_id)');
    this.addSql(`
      create table refunds (
        key text primary key,
        payment_id uuid not null,
        amount_minor bigint not null,
        status text not null,
        reason text not null,
        provider_reference text,
        created_at timestamptz not null default now(),
        completed_at timestamptz,
        constraint refunds_payment_id_foreign foreign key (payment_id) references payments (id),
        constraint refunds_provider_reference_unique unique (provider_reference),
        constraint refunds_amount check (amount_minor > 0),
        constraint refunds_status check (status in ('PENDING', 'COMPLETED')),
        constraint refunds_completed check ((status = 'COMPLETED') = (provider_reference is not null and completed_at is not null))
      )`);
    this.addSql('create index refunds_payment_id_index on refunds (payment_id)');
    // One refund of a payment at a time: the amount that is left is known before the next one starts.
    this.addSql(`create unique index refunds_one_pending on refunds (payment_id) where status = 'PENDING'`);
  }
}
