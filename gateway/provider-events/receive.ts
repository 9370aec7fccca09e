import * as z from 'zod';
import { isSigned } from '../../platform/webhooks/signature.ts';
import type { Clients } from '../clients.ts';
import { parseBody, readBytes } from '../http/input.ts';
import { unauthenticated } from '../http/problem.ts';
import type { Route } from '../http/route.ts';

type ProviderEventDeps = { readonly clients: Pick<Clients, 'payments'>; readonly providerWebhookSecret: string | undefined };

// Milliseconds. Payments asks the provider up to three times; a provider sends again what is not answered.
const LIMITS = { deadlineMs: 10_000 };

const SIGNATURE = 'Provider-Signature';

// The provider may send more fields; they are not read, because only its answers to our own questions are recorded.
const given = z.object({
  id: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .describe("The provider's id of the event."),
  type: z
    .string()
    .regex(/^[a-z_.]{1,64}$/, 'must be a type of event')
    .describe('`charge.captured`, `charge.failed`, `charge.refunded` or `charge.disputed`; another type is ignored.'),
  charge_id: z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters')
    .describe("The provider's id of the charge."),
});

export const receiveProviderEvent: Route<ProviderEventDeps> = {
  operation: {
    id: 'receiveProviderEvent',
    method: 'POST',
    path: '/v1/provider-events',
    tag: 'payments',
    summary: 'Take an event of the payment provider',
    description:
      'Called by the payment provider. The event says which charge has news; the provider is then asked for the charge, so an event ' +
      'that comes twice, late or out of order changes nothing.',
    access: 'anyone',
    headers: {
      [SIGNATURE]: {
        description:
          '`t=<unix seconds>,v1=<hex>`: HMAC-SHA256 of `<t>.<body>` with the shared secret. At most five minutes old, otherwise 401.',
        required: true,
      },
    },
    body: given,
    answers: { 204: { description: 'The event is taken.' } },
  },
  handler: ({ clients: { payments }, providerWebhookSecret: secret }) =>
    async function receiveProviderEventHandler(ctx) {
      const bytes = await readBytes(ctx);
      const signature = ctx.get(SIGNATURE);
      // Before anything is parsed: only the provider is listened to.
      if (secret === undefined || !isSigned({ secret, body: bytes.toString('utf8'), signature, now: new Date() })) {
        throw unauthenticated('The signature is not valid, or too old.');
      }
      const { id: idempotencyKey, type, charge_id: providerReference } = parseBody(bytes, given);
      await payments.calls.recordProviderEvent({ idempotencyKey, type, providerReference }, LIMITS);
      ctx.status = 204;
    },
};
