import { LockMode } from '@mikro-orm/core';
import type { Effect } from '../../platform/idempotency/record.ts';
import type { Transaction } from '../../platform/persistence/database.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import { assertTransitions, Payment, type PaymentStatus, Refund } from './entity.ts';
import type { Assessment } from './fraud-check.ts';
import { type Earlier, earlierPayments, parseStarted } from './fraud-facts.ts';
import { posting } from './ledger.ts';

export type Intent = {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly chargeKey: string;
  readonly amountMinor: number;
  readonly currency: string;
};

/**
 * The intent to charge, for the statement that claims its key. Writes nothing when the order has a payment already; returns
 * what parseStarted reads.
 */
export function intentStored(intent: Intent): Effect {
  return {
    sql: `intent as (
       insert into payments (id, order_id, user_id, charge_key, amount_minor, currency, status)
       select $7::uuid, $8::uuid, $9::uuid, $10, $11::bigint, $12, 'PENDING' from claimed
       on conflict do nothing returning id, status),
     noted as (insert into payment_history (payment_id, status) select id, status from intent)`,
    values: [intent.id, intent.orderId, intent.userId, intent.chargeKey, intent.amountMinor, intent.currency],
    returns: `(select json_build_object('id', id, 'earlier', ${earlierPayments({ userId: '$9::uuid', before: 'now()' })}) from intent)`,
  };
}

/** A payment charged in full and its way there, for the statement that completes its key. */
export function captured(payment: {
  readonly id: string;
  readonly providerReference: string;
  readonly steps: readonly PaymentStatus[];
  readonly fraud: Assessment;
}): Effect {
  assertTransitions('PENDING', payment.steps);
  return {
    sql: `done as (
       update payments set status = $4, updated_at = now(), provider_reference = $5, captured_minor = amount_minor,
         fraud_score = $8::integer, fraud_factors = $9::jsonb
       from mine where id = $6::uuid and status = 'PENDING' returning id, charge_key, captured_minor, currency),
     ${posting('captured', 'select charge_key as operation_key, id as payment_id, captured_minor as amount_minor, currency from done')},
     noted as (
       insert into payment_history (payment_id, status)
       select done.id, step.status from done, unnest($7::text[]) with ordinality as step (status, position)
       order by step.position)`,
    values: [
      payment.steps.at(-1),
      payment.providerReference,
      payment.id,
      payment.steps,
      payment.fraud.score,
      JSON.stringify(payment.fraud.factors),
    ],
  };
}

/** The payment under this key as it began, or undefined when there is none. */
export async function paymentUnder(
  sql: Sql,
  chargeKey: string,
): Promise<{ readonly id: string; readonly earlier: Earlier } | undefined> {
  const earlier = earlierPayments({ userId: 'payments.user_id', before: 'payments.created_at' });
  const [row] = await sql.query<{ started: string }>(
    `select json_build_object('id', id, 'earlier', ${earlier})::text as started from payments where charge_key = $1`,
    [chargeKey],
  );
  return row && parseStarted(row.started);
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
  readonly fraud?: Assessment;
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
         failure_reason = case when $3 = 'FAILED' then $7 else failure_reason end,
         fraud_score = coalesce($9::integer, fraud_score), fraud_factors = coalesce($10::jsonb, fraud_factors)
       where id = $1 and status = $2 returning id, charge_key, captured_minor, currency),
     ${posting(
       'captured',
       'select charge_key as operation_key, id as payment_id, captured_minor as amount_minor, currency from moved where $5',
     )},
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
      change.fraud?.score ?? null,
      change.fraud ? JSON.stringify(change.fraud.factors) : null,
    ],
  );
  return moved.length > 0;
}

export type PaymentKey = { chargeKey: string } | { orderId: string } | { id: string };

export function findPayment({ em }: Pick<Transaction, 'em'>, by: PaymentKey) {
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
  await sql.query(
    `with started as (
       insert into refunds (key, payment_id, amount_minor, status, reason) values ($1, $2, $3, 'PENDING', $4)
       returning key, payment_id, amount_minor),
     ${posting('refund_started', refundFrom('started'))}
     select from started`,
    [refund.key, refund.paymentId, refund.amountMinor, refund.reason],
  );
}

/** False when somebody else has settled it. */
export async function completeRefund(sql: Sql, key: string, providerReference: string): Promise<boolean> {
  const completed = await sql.query(
    `with completed as (
       update refunds set status = 'COMPLETED', provider_reference = $2, completed_at = now()
       where key = $1 and status = 'PENDING' returning key, payment_id, amount_minor),
     ${posting('refund_completed', refundFrom('completed'))}
     select key from completed`,
    [key, providerReference],
  );
  return completed.length > 0;
}

function refundFrom(source: string): string {
  return `select key as operation_key, payment_id, ${source}.amount_minor, currency
    from ${source} join payments on payments.id = payment_id`;
}
