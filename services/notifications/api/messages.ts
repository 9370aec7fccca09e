import type * as audit from '../../../proto/gen/shopfast/audit/v1/audit.ts';
import type { Event as WireEvent } from '../../../proto/gen/shopfast/events/v1/events.ts';
import type * as wire from '../../../proto/gen/shopfast/notifications/v1/notifications.ts';
import type { DeliveryState } from '../domain/delivery.ts';
import type { ClaimedDelivery } from '../domain/delivery-store.ts';
import type { EmittedEvent, Event } from '../domain/event.ts';
import type { ListedDelivery } from '../domain/list-deliveries.ts';
import type { Receiver } from '../domain/receiver.ts';
import type { SettlementOutcome } from '../domain/settle-deliveries.ts';
import type { Effect } from '../store/effects.ts';

const WIRE_STATE: Readonly<Record<DeliveryState, wire.DeliveryState>> = {
  pending: 'DELIVERY_STATE_PENDING',
  delivered: 'DELIVERY_STATE_DELIVERED',
  dead: 'DELIVERY_STATE_DEAD',
};

const WIRE_OUTCOME: Readonly<Record<SettlementOutcome, wire.SettlementOutcome>> = {
  counted: 'SETTLEMENT_OUTCOME_COUNTED',
  'lease lost': 'SETTLEMENT_OUTCOME_LEASE_LOST',
  unknown: 'SETTLEMENT_OUTCOME_UNKNOWN',
};

function stateMessage(state: DeliveryState): wire.DeliveryState {
  return WIRE_STATE[state];
}

export function outcomeMessage(outcome: SettlementOutcome): wire.SettlementOutcome {
  return WIRE_OUTCOME[outcome];
}

export function webhookMessage({ id, url, eventTypes, createdAt }: Receiver): wire.Webhook {
  return { id, url: url ?? '', eventTypes: [...eventTypes], createdAt };
}

export function deliveryMessage({ delivery, dueAt }: ListedDelivery): wire.Delivery {
  const { id, attempts, lastError, event, receiver, state, settledAt } = delivery;
  return {
    ...{ id, attempts, lastError },
    event: eventMessage(event),
    webhookId: receiver.kind === 'webhook' ? receiver.id : '',
    state: stateMessage(state),
    nextAttemptAt: state === 'pending' ? (dueAt ?? undefined) : undefined,
    settledAt: settledAt ?? undefined,
  };
}

export function claimedMessage({ deliveryId: id, leaseId, event, ...claimed }: ClaimedDelivery): wire.ClaimedDelivery {
  const { attempts, lastError, leasedUntil: nextAttemptAt, receiverId, url, secret } = claimed;
  const delivery = {
    ...{ id, attempts, lastError, nextAttemptAt, settledAt: undefined },
    event: eventMessage(event),
    webhookId: url === null ? '' : receiverId,
    state: stateMessage('pending'),
  };
  return { delivery, leaseId, url: url ?? '', secret: secret ?? '' };
}

export function eventMessage({ orderId, amountMinor, currency, facts, ...rest }: Omit<Event, 'acceptedAt'>): WireEvent {
  const { id, type, version, userId, at, sequence } = rest;
  const amount = amountMinor == null || currency == null ? undefined : { amountMinor, currency };
  return { id, type, version, orderId: orderId ?? '', userId, at, amount, facts: { ...facts }, sequence };
}

export function emittedEvent({
  orderId,
  amount,
  ...event
}: Omit<EmittedEvent, 'amountMinor' | 'currency'> & { readonly amount?: WireEvent['amount'] }): EmittedEvent {
  return { ...event, orderId, amountMinor: amount?.amountMinor ?? null, currency: amount?.currency ?? null };
}

export function effectMessage({
  sequence,
  kind,
  orderId,
  userId,
  eventId,
  amountMinor,
  currency,
  atMicros,
}: Effect): audit.Effect {
  const amount = amountMinor === null || currency === null ? undefined : { amountMinor: Number(amountMinor), currency };
  const at = new Date(Number(atMicros) / 1_000);
  return { sequence: Number(sequence), kind, orderId: orderId ?? '', userId, reference: eventId, amount, at };
}
