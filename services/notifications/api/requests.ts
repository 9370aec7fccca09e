import * as z from 'zod';
import { entityId, idempotencyKey, text } from '../../../platform/rpc/fields.ts';
import { DeliveryState } from '../../../proto/gen/shopfast/notifications/v1/notifications.ts';
import type { DeliveryState as State } from '../domain/delivery.ts';
import { webhookUrl } from '../domain/webhook-url.ts';

const whole = (min: number, max: number) => z.int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`);

const eventType = z.string().regex(/^(order|return|payment|user)\.[a-z_]{1,40}$/, 'must be a type of docs/guides/events.md');

const idOrNone = z.union([z.literal(''), entityId], 'must be a UUID or empty').transform((id) => id || null);

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

// Events of one call: about 150 KB.
const EVENTS_MAX = 500;
// Entries of an event's facts, and characters of each.
const FACTS_MAX = 16;
const FACT_LENGTH_MAX = 200;

export const acceptEventsSchema = z.object({
  events: z
    .array(
      z.object({
        id: entityId,
        type: eventType,
        version: z.int().min(1, 'must be at least 1'),
        orderId: idOrNone,
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

// Deliveries of one claim, and settlements of one call.
const DELIVERIES_MAX = 100;

export const claimDeliveriesSchema = z.object({ limit: whole(1, DELIVERIES_MAX), leaseMs: whole(1_000, 300_000) });

// Characters of a failure's description; the rest is cut off.
const ERROR_MAX = 500;

const settlementSchema = z.object({
  deliveryId: entityId,
  leaseId: entityId,
  // Anything that a receiver answered: it is shown to operators and must not be refused.
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
    .array(settlementSchema)
    .min(1, 'must have at least 1 settlement')
    .max(DELIVERIES_MAX, `must have at most ${DELIVERIES_MAX} settlements`),
});

const STATES: Readonly<Record<DeliveryState, State | null>> = {
  DELIVERY_STATE_UNSPECIFIED: null,
  DELIVERY_STATE_PENDING: 'pending',
  DELIVERY_STATE_DELIVERED: 'delivered',
  DELIVERY_STATE_DEAD: 'dead',
};

// Deliveries per page when none is asked for, and at most.
const PAGE_SIZE = 20;
const PAGE_SIZE_MAX = 100;

export const listDeliveriesSchema = z.object({
  state: z.enum(DeliveryState, 'must be a state or unspecified').transform((state) => STATES[state]),
  webhookId: idOrNone,
  orderId: idOrNone,
  pageSize: whole(0, PAGE_SIZE_MAX).transform((size) => size || PAGE_SIZE),
  cursor: z.string().max(100, 'is not a cursor of this list'),
});

export const replayDeliverySchema = z.object({ deliveryId: entityId });

// Events per page when none is asked for, and at most.
const EVENTS_PAGE_SIZE = 100;

export const listEventsSchema = z.object({
  after: z.string().max(100, 'is not a cursor of this list'),
  pageSize: whole(0, EVENTS_MAX).transform((size) => size || EVENTS_PAGE_SIZE),
  orderId: idOrNone,
});

// Effects per page when none is asked for, and at most.
const EFFECTS_SIZE = 100;
const EFFECTS_SIZE_MAX = 1_000;

const TIME_RANGE = 'must be from 1970 to 9999';

export const listEffectsSchema = z.object({
  page: z
    .object({
      since: z.date().min(new Date(0), TIME_RANGE).max(new Date('9999-12-31'), TIME_RANGE).default(new Date(0)),
      pageSize: whole(0, EFFECTS_SIZE_MAX).transform((size) => size || EFFECTS_SIZE),
      cursor: z.string().max(200, 'must have at most 200 characters'),
    })
    .prefault({ pageSize: 0, cursor: '' })
    .transform(({ since, pageSize: size, cursor }) => ({ sinceMicros: since.getTime() * 1_000, size, cursor })),
});
