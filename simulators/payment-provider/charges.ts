import { createHash } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import type { Sql } from '../../platform/persistence/sql.ts';
import { ApiError } from './api-error.ts';
import { readAnswer, storeAnswer } from './store/answers.ts';
import {
  addRefund,
  type Charge,
  findByKey,
  lockCharge,
  markCaptured,
  markDisputed,
  markVoided,
  storeCharge,
} from './store/charges.ts';
import { newEventId, storeEvent } from './store/events.ts';
import { appendEntry } from './store/ledger.ts';
import type { Store } from './store/open.ts';
import { behaviourOf, methodOf, REFUSAL_MESSAGES, type RefusalCode } from './tokens.ts';

export type ChargeRequest = {
  readonly amount_minor: number;
  readonly currency: string;
  readonly token: string;
  readonly reference: string;
  readonly capture: boolean;
};

/** An answer as it was given first; `body` is JSON. `fresh`: not a repeated answer. */
export type Answer = { readonly status: number; readonly body: string; readonly fresh: boolean };

/** Charges once per key, or refuses once per key. Throws ApiError 409 for a key used otherwise, 503 during an outage. */
export async function createCharge(store: Store, key: string, request: ChargeRequest): Promise<Answer> {
  const { amount_minor, currency, token, reference, capture } = request;
  const behaviour = behaviourOf(token);
  if (behaviour.kind === 'outage') throw new ApiError(503, 'unavailable', 'The provider is down');
  const fingerprint = fingerprintOf('charge', [amount_minor, currency, token, reference, capture]);
  if (behaviour.kind === 'refuse') {
    const answer = { status: 402, body: JSON.stringify(refusal(behaviour.code)) };
    return answerOnce(store, { key, fingerprint, ...answer }, async () => {});
  }
  const charge: Charge = {
    id: `ch_${uuid()}`,
    idempotency_key: key,
    status: capture ? 'captured' : 'authorized',
    amount_minor,
    captured_minor: capture ? amount_minor : 0,
    refunded_minor: 0,
    currency,
    reference,
    payment_method: methodOf(token),
    disputed: false,
  };
  const body = JSON.stringify(charge);
  // The shop gets no answer: an event brings the late outcome.
  const eventId = behaviour.manner === 'silent_first' ? newEventId() : null;
  const isFirst = await storeCharge(store, charge, { key, fingerprint, answer: body, eventId });
  return isFirst ? { status: 201, body, fresh: true } : firstAnswer(store, { key, fingerprint });
}

/** Gives money back once per key. Throws ApiError 404, 409, and 422 when the charge does not allow it; then the key is not used. */
export async function createRefund(
  store: Store,
  key: string,
  request: { readonly charge_id: string; readonly amount_minor: number },
): Promise<Answer> {
  const { charge_id: chargeId, amount_minor: amountMinor } = request;
  const refund = { id: `re_${uuid()}`, charge_id: chargeId, amount_minor: amountMinor };
  const fingerprint = fingerprintOf('refund', [chargeId, amountMinor]);
  return store.transaction(({ sql }) =>
    answerOnce(sql, { key, fingerprint, status: 201, body: JSON.stringify(refund) }, async () => {
      const { disputed } = await findCharge(sql, chargeId);
      if (disputed) throw new ApiError(422, 'charge_disputed', 'The charge is disputed');
      await giveBack(sql, { chargeId, amountMinor, refundId: refund.id, refundKey: key });
    }),
  );
}

/** Refunds in the back office: without a key, and by default all that is left. Throws ApiError 404, 422. */
export function refundInBackOffice(store: Store, chargeId: string, amountMinor: number | undefined): Promise<{ id: string }> {
  const id = `re_${uuid()}`;
  return store.transaction(async ({ sql }) => {
    const charge = await findCharge(sql, chargeId);
    const left = charge.captured_minor - charge.refunded_minor;
    if (left === 0) throw new ApiError(422, 'refund_exceeds_capture', 'Nothing is left of the charge');
    await storeEvent(sql, 'charge.refunded', chargeId);
    await giveBack(sql, { chargeId, amountMinor: amountMinor ?? left, refundId: id });
    return { id };
  });
}

/** The customer disputes the charge: it is not refunded any more. Repeating it changes nothing. Throws ApiError 404. */
export function openDispute(store: Store, chargeId: string): Promise<void> {
  return store.transaction(async ({ sql }) => {
    const { disputed } = await findCharge(sql, chargeId);
    if (disputed) return;
    await markDisputed(sql, chargeId);
    await storeEvent(sql, 'charge.disputed', chargeId);
  });
}

async function giveBack(
  sql: Sql,
  refund: { readonly chargeId: string; readonly amountMinor: number; readonly refundId: string; readonly refundKey?: string },
): Promise<void> {
  if (!(await addRefund(sql, refund.chargeId, refund.amountMinor))) {
    throw new ApiError(422, 'refund_exceeds_capture', 'More would be refunded than was captured');
  }
  await appendEntry(sql, { kind: 'refund', ...refund });
}

/** Takes the money that was authorised. Repeating it changes nothing. */
export function captureCharge(store: Store, id: string): Promise<Charge> {
  return store.transaction(async ({ sql }) => {
    const charge = await findCharge(sql, id);
    if (charge.status === 'captured') return charge;
    if (charge.status === 'voided') throw new ApiError(409, 'voided', 'The charge was voided');
    await markCaptured(sql, id);
    await appendEntry(sql, { kind: 'capture', chargeId: id, amountMinor: charge.amount_minor });
    return { ...charge, status: 'captured', captured_minor: charge.amount_minor };
  });
}

/** Releases an authorisation. Repeating it changes nothing. */
export function voidCharge(store: Store, id: string): Promise<Charge> {
  return store.transaction(async ({ sql }) => {
    const charge = await findCharge(sql, id);
    if (charge.status === 'voided') return charge;
    if (charge.status === 'captured') throw new ApiError(409, 'captured', 'The charge was captured: refund it');
    await markVoided(sql, id);
    await appendEntry(sql, { kind: 'void', chargeId: id, amountMinor: charge.amount_minor });
    return { ...charge, status: 'voided' };
  });
}

/** Forbids the key (PR4). Returns the charge that was faster, for the caller to refund. */
export function cancelKey(store: Store, key: string): Promise<Charge | null> {
  return store.transaction(async ({ sql }) => {
    await storeAnswer(sql, key, { fingerprint: null, status: 402, answer: JSON.stringify(refusal('cancelled')) });
    return findByKey(sql, key);
  });
}

/** Locks the charge until the transaction ends. Throws ApiError 404. */
async function findCharge(sql: Sql, id: string): Promise<Charge> {
  const charge = await lockCharge(sql, id);
  if (!charge) throw new ApiError(404, 'not_found', 'No such charge');
  return charge;
}

/** Stores the answer and runs its effect, or gives the answer that the key already has (PR1). */
async function answerOnce(
  sql: Sql,
  request: { readonly key: string; readonly fingerprint: string; readonly status: number; readonly body: string },
  effect: () => Promise<void>,
): Promise<Answer> {
  const { key, fingerprint, status, body } = request;
  if (!(await storeAnswer(sql, key, { fingerprint, status, answer: body }))) return firstAnswer(sql, request);
  await effect();
  return { status, body, fresh: true };
}

/** The answer that the key has. Throws ApiError 409 when it belongs to another request. */
async function firstAnswer(sql: Sql, request: { readonly key: string; readonly fingerprint: string }): Promise<Answer> {
  const stored = await readAnswer(sql, request.key);
  if (!stored || (stored.fingerprint !== null && stored.fingerprint !== request.fingerprint)) {
    throw new ApiError(409, 'key_reused', 'The key was used for another request');
  }
  return { status: stored.status, body: stored.answer, fresh: false };
}

/** The identity of a request; hashed, because a token is not stored in clear. */
function fingerprintOf(operation: string, fields: readonly (string | number | boolean)[]): string {
  return createHash('sha256')
    .update(JSON.stringify([operation, ...fields]))
    .digest('hex');
}

function refusal(code: RefusalCode) {
  return { error: { code, message: REFUSAL_MESSAGES[code] } };
}
