import * as z from 'zod';
import { EVENTS, type EventType } from '../../contracts/events.ts';
import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';
import { moneyJson, present } from '../http/json.ts';
import { id, money, time } from '../http/schemas.ts';

export const eventTypeInput = z
  .enum(Object.keys(EVENTS).filter(isEventType), 'must be a type of an event')
  .meta({ id: 'EventType', description: 'A change of a user, an order, a return or a payment.' });

export const eventSchema = z
  .strictObject({
    id: id.describe('The same in every delivery: ignore an event that you have seen.'),
    type: z.string(),
    version: z.int().describe("The version of the type's facts."),
    order_id: id.nullable().describe('null: the event of a user.'),
    user_id: id,
    sequence: z.int().describe('1, 2, 3 … within one order, or within one user for an event without an order.'),
    at: time,
    amount: money.optional().describe('Of the order, the payment or the refund, by type.'),
    facts: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Event' });

export function eventJson({ id: eventId, type, version, orderId, userId, sequence, at, amount, facts }: Event) {
  return {
    id: eventId,
    type,
    version,
    order_id: orderId || null,
    user_id: userId,
    sequence,
    at: present(at, 'a time'),
    ...(amount ? { amount: moneyJson(amount) } : {}),
    facts,
  };
}

function isEventType(name: string): name is EventType {
  return Object.hasOwn(EVENTS, name);
}
