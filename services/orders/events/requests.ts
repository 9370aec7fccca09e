import * as z from 'zod';
import { entityId, idempotencyKey, text } from '../../../platform/rpc/fields.ts';
import { DeliveryState } from '../../../proto/gen/shopfast/events/v1/events.ts';
import type { DeliveryState as State } from './delivery-record.ts';
import { webhookUrl } from './webhook-url.ts';

const whole = (min: number, max: number) => z.int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`);

const eventType = z.string().regex(/^(order|return|payment)\.[a-z_]{1,40}$/, 'must be a type of docs/guides/events.md');

// More than there are types.
const TYPES_MAX = 50;

export const registerWebhookSchema = (addresses: { readonly privateAllowed: boolean }) =>
  z.object({
    idempotencyKey,
    url: z.string().transform((given, context) => {
      const checked = webhookUrl(given, addresses);
      if ('url' in checked) return checked.url;
      context.addIssue(checked.wrong);
      return z.NEVER;
    }),
    eventTypes: z.array(eventType).max(TYPES_MAX, `must be at most ${TYPES_MAX} types`),
    secret: z.string().regex(/^([\x21-\x7e]{32,200})?$/, 'must be 32 to 200 visible ASCII characters, or empty'),
  });

export const removeWebhookSchema = z.object({ webhookId: entityId });

// Events of one call at most: about 150 KB.
const EVENTS_MAX = 500;
// Entries of an event's facts, and characters of each.
const FACTS_MAX = 16;
const FACT_LENGTH_MAX = 200;

export const acceptEventsSchema = z.object({
  events: z
    .array(
      z.object({
        id: entityId,
        // Orders tells its own.
        type: z.string().regex(/^payment\.[a-z_]{1,40}$/, 'must be a type of a payment'),
        orderId: entityId,
        userId: entityId,
        at: z.date('must be a time'),
        amount: z
          .object({
            amountMinor: z.int().min(0, 'must be at least 0'),
            currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code'),
          })
          .optional(),
        facts: z
          .record(
            z.string().regex(/^[a-z_]{1,64}$/, 'must be 1 to 64 letters a to z or _'),
            text({ min: 0, max: FACT_LENGTH_MAX }),
          )
          .refine((given) => Object.keys(given).length <= FACTS_MAX, `must have at most ${FACTS_MAX} entries`),
      }),
    )
    .min(1, 'must have at least 1 event')
    .max(EVENTS_MAX, `must have at most ${EVENTS_MAX} events`),
});

// Deliveries of one claim, and settlements of one call, at most.
const DELIVERIES_MAX = 100;

export const claimDeliveriesSchema = z.object({ limit: whole(1, DELIVERIES_MAX), leaseMs: whole(1_000, 300_000) });

// Characters of why a delivery failed; the rest is left off.
const ERROR_MAX = 500;

export const settleDeliverySchema = z.object({
  deliveryId: entityId,
  leaseId: entityId,
  // Whatever a receiver answered: it is shown to operators and must not be refused.
  error: z.string().transform((given) =>
    given
      .replaceAll(/\p{Cc}+/gu, ' ')
      .toWellFormed()
      .slice(0, ERROR_MAX),
  ),
  permanent: z.boolean(),
});

export const settleDeliveriesSchema = z.object({
  settlements: z
    .array(settleDeliverySchema)
    .min(1, 'must have at least 1 settlement')
    .max(DELIVERIES_MAX, `must have at most ${DELIVERIES_MAX} settlements`),
});

const STATES: Readonly<Record<DeliveryState, State | null>> = {
  DELIVERY_STATE_UNSPECIFIED: null,
  DELIVERY_STATE_PENDING: 'pending',
  DELIVERY_STATE_DELIVERED: 'delivered',
  DELIVERY_STATE_DEAD: 'dead',
};

const idOrAny = z.union([z.literal(''), entityId], 'must be a UUID or empty').transform((id) => id || null);

// Deliveries per page when none is asked for, and at most.
const PAGE_SIZE = 20;
const PAGE_SIZE_MAX = 100;

export const listDeliveriesSchema = z.object({
  state: z.enum(DeliveryState, 'must be a state or unspecified').transform((state) => STATES[state]),
  webhookId: idOrAny,
  orderId: idOrAny,
  pageSize: whole(0, PAGE_SIZE_MAX).transform((size) => size || PAGE_SIZE),
  cursor: z.string().max(100, 'is not a cursor of this list'),
});

export const replayDeliverySchema = z.object({ deliveryId: entityId });
