import type * as wire from '../../../proto/gen/shopfast/events/v1/events.ts';
import type { ClaimedDelivery } from './deliveries.ts';
import type { DeliveryRecord, DeliveryState, EventRecord } from './delivery-record.ts';
import type { SettlementOutcome } from './settlements.ts';
import type { WebhookRecord } from './webhooks.ts';

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

export function outcomeMessage(outcome: SettlementOutcome): wire.SettlementOutcome {
  return WIRE_OUTCOME[outcome];
}

export function webhookMessage({ eventTypes, ...rest }: WebhookRecord): wire.Webhook {
  return { ...rest, eventTypes: [...eventTypes] };
}

export function deliveryMessage({ event, webhookId, state, settledAt, ...rest }: DeliveryRecord): wire.Delivery {
  const { id, attempts, lastError, nextAttemptAt } = rest;
  return {
    ...{ id, attempts, lastError, nextAttemptAt },
    event: eventMessage(event),
    webhookId: webhookId ?? '',
    state: WIRE_STATE[state],
    settledAt: settledAt ?? undefined,
  };
}

export function claimedMessage({ delivery, leaseId, url, secret }: ClaimedDelivery): wire.ClaimedDelivery {
  return { delivery: deliveryMessage(delivery), leaseId, url: url ?? '', secret: secret ?? '' };
}

function eventMessage({ amountMinor, currency, facts, ...rest }: EventRecord): wire.Event {
  const amount = amountMinor === null || currency === null ? undefined : { amountMinor, currency };
  return { ...rest, amount, facts: { ...facts } };
}
