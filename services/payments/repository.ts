import { LockMode } from '@mikro-orm/core';
import type { Effect } from '../../platform/idempotency/record.ts';
import type { Transaction } from '../../platform/persistence/database.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import { assertTransitions, Payment, type PaymentStatus, Refund } from './entity.ts';

export type Intent = {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly chargeKey: string;
  readonly amountMinor: number;
  readonly currency: string;
};

/** The intent to charge, for the statement that claims its key. Writes nothing when the order has a payment already. */
export function intentStored(intent: Intent): Effect {
  return {
    sql: `intent as (
       insert into payments (id, order_id, user_id, charge_key, amount_minor, currency, status)
       select $7::uuid, $8::uuid, $9::uuid, $10, $11::bigint, $12, 'PENDING' from claimed
       on conflict do nothing returning id, status),
     noted as (insert into payment_history (payment_id, status) select id, status from intent)`,
    values: [intent.id, intent.orderId, intent.userId, intent.chargeKey, intent.amountMinor, intent.currency],
    returns: '(select id from intent)',
  };
}

/** A payment charged in full and its way there, for the statement that completes its key. */
export function captured(payment: {
  readonly id: string;
  readonly providerReference: string;
  readonly steps: readonly PaymentStatus[];
}): Effect {
  assertTransitions('PENDING', payment.steps);
  return {
    sql: `done as (
       update payments set status = $4, updated_at = now(), provider_reference = $5, captured_minor = amount_minor
       from mine where id = $6::uuid and status = 'PENDING' returning id),
     noted as (
       insert into payment_history (payment_id, status)
       select done.id, step.status from done, unnest($7::text[]) with ordinality as step (status, position)
       order by step.position)`,
    values: [payment.steps.at(-1), payment.providerReference, payment.id, payment.steps],
  };
}

/** The id of the payment under this key, or undefined when there is none. */
export async function paymentUnder(sql: Sql, chargeKey: string): Promise<string | undefined> {
  const [row] = await sql.query<{ id: string }>('select id from payments where charge_key = $1', [chargeKey]);
  return row?.id;
}

export type Move = {
  readonly id: string;
  readonly from: PaymentStatus;
  /** Every status that is passed, each a row of the history; the last one stays. */
  readonly steps: readonly PaymentStatus[];
  readonly providerReference?: string;
  /** Captures the whole amount. */
  readonly capture?: true;
  readonly refundedMinor?: number;
  readonly reason?: string;
};

/**
 * Moves a payment if it is still where the caller saw it; false when it is not. Throws illegal_transition for a step that
 * the state machine does not have.
 */
export async function move(sql: Sql, { id, from, steps, ...change }: Move): Promise<boolean> {
  assertTransitions(from, steps);
  const moved = await sql.query(
    `with moved as (
       update payments set status = $3, updated_at = now(),
         provider_reference = coalesce($4, provider_reference),
         captured_minor = case when $5 then amount_minor else captured_minor end,
         refunded_minor = refunded_minor + $6,
         failure_reason = case when $3 = 'FAILED' then $7 else failure_reason end
       where id = $1 and status = $2 returning id),
     noted as (
       insert into payment_history (payment_id, status, reason)
       select moved.id, step.status, $7 from moved, unnest($8::text[]) with ordinality as step (status, position)
       order by step.position)
     select id from moved`,
    [
      id,
      from,
      steps.at(-1) ?? from,
      change.providerReference ?? null,
      change.capture ?? false,
      change.refundedMinor ?? 0,
      change.reason ?? null,
      steps,
    ],
  );
  return moved.length > 0;
}

export type PaymentKey = { chargeKey: string } | { orderId: string } | { id: string };

export function findPayment({ em }: Transaction, by: PaymentKey) {
  return em.findOne(Payment, by);
}

/** The payment as it is now, locked until the transaction ends. */
export function lockPayment({ em }: Transaction, by: PaymentKey) {
  return em.findOne(Payment, by, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true });
}

export function findRefund({ em }: Transaction, key: string) {
  return em.findOne(Refund, { key }, { refresh: true });
}

export function pendingRefund({ em }: Transaction, payment: Payment) {
  return em.findOneOrFail(Refund, { payment: payment.id, status: 'PENDING' }, { refresh: true });
}

export async function storeRefund(
  sql: Sql,
  refund: { key: string; paymentId: string; amountMinor: number; reason: string },
): Promise<void> {
  await sql.query(`insert into refunds (key, payment_id, amount_minor, status, reason) values ($1, $2, $3, 'PENDING', $4)`, [
    refund.key,
    refund.paymentId,
    refund.amountMinor,
    refund.reason,
  ]);
}

/** False when somebody else has settled it. */
export async function completeRefund(sql: Sql, key: string, providerReference: string): Promise<boolean> {
  const completed = await sql.query(
    `update refunds set status = 'COMPLETED', provider_reference = $2, completed_at = now()
     where key = $1 and status = 'PENDING' returning key`,
    [key, providerReference],
  );
  return completed.length > 0;
}
