import { randomUUID } from 'node:crypto';
import type {
  ClaimDeliveriesRequest,
  ClaimedDelivery,
  Delivery,
  Event,
  ListDeliveriesRequest,
  RegisterWebhookRequest,
  SettleDeliveryRequest,
} from '../../proto/gen/shopfast/events/v1/events.ts';
import { type EventCalls, LIMITS, type OrdersFixture } from './orders-fixture.ts';

export function registration(given: Partial<RegisterWebhookRequest> = {}): RegisterWebhookRequest {
  return { idempotencyKey: randomUUID(), url: 'https://shop.example.com/hooks', eventTypes: [], secret: '', ...given };
}

/** The id of a new webhook. */
export async function registered(events: EventCalls, given: Partial<RegisterWebhookRequest> = {}): Promise<string> {
  const { webhook } = await events.registerWebhook(registration(given), LIMITS);
  if (!webhook) throw new Error('A webhook was expected');
  return webhook.id;
}

/** The list of all deliveries unless told. */
export function deliveries(given: Partial<ListDeliveriesRequest> = {}): ListDeliveriesRequest {
  return { state: 'DELIVERY_STATE_UNSPECIFIED', webhookId: '', orderId: '', pageSize: 100, cursor: '', ...given };
}

/** What a webhook was and is to be told of an order, oldest first. */
export async function toldOf(events: EventCalls, of: { webhookId: string; orderId?: string }): Promise<Delivery[]> {
  return (await events.listDeliveries(deliveries(of), LIMITS)).deliveries.toReversed();
}

/** A delivery with its event, which every answer has. */
export type Claimed = ClaimedDelivery & { delivery: Delivery & { event: Event } };

export async function claim(events: EventCalls, given: Partial<ClaimDeliveriesRequest> = {}): Promise<Claimed[]> {
  const { deliveries: claimed } = await events.claimDeliveries({ limit: 100, leaseMs: 60_000, ...given }, LIMITS);
  return claimed.map(whole);
}

function whole(claimed: ClaimedDelivery): Claimed {
  const { delivery } = claimed;
  if (!delivery?.event) throw new Error('A delivery has an event');
  return { ...claimed, delivery: { ...delivery, event: delivery.event } };
}

export function settlement({ delivery, leaseId }: Claimed, given: Partial<SettleDeliveryRequest> = {}): SettleDeliveryRequest {
  return { deliveryId: delivery.id, leaseId, error: '', permanent: false, ...given };
}

/** Settles everything that is due, and what is due then, until nothing is; what was told, in the order in which it was. */
export async function tellAll(events: EventCalls, to?: string): Promise<Event[]> {
  const told: Event[] = [];
  for (;;) {
    const claimed = await claim(events);
    if (claimed.length === 0) return told;
    for (const one of claimed) {
      if (to === undefined || one.delivery.webhookId === to) told.push(one.delivery.event);
      await events.settleDelivery(settlement(one), LIMITS);
    }
  }
}

/** The events of an order as the database has them. */
export function eventsOf({ sql }: Pick<OrdersFixture, 'sql'>, orderId: string) {
  return sql<{ type: string; sequence: number; at: Date; amount_minor: string | null; facts: Record<string, string> }>(
    'select type, sequence, at, amount_minor, facts from events where order_id = $1 order by sequence',
    [orderId],
  );
}
