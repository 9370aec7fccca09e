import * as z from 'zod';
import { isReason } from '../../contracts/reasons.ts';
import type { Clients } from '../clients.ts';
import { pathId, readBody } from '../http/input.ts';
import { present } from '../http/json.ts';
import { notFound } from '../http/problem.ts';
import type { Route } from '../http/route.ts';
import { reason } from '../http/schemas.ts';
import { seesEverything, signedIn } from '../identity/caller.ts';
import { paymentJson, paymentSchema } from './payment-json.ts';
import { paymentMethodInput } from './payment-method.ts';

type PaymentDeps = { readonly clients: Pick<Clients, 'payments'> };

// Payments asks the payment provider.
const LIMITS = { deadlineMs: 5_000 };

const given = z.strictObject({ payment_method: paymentMethodInput });

export const validatePaymentMethod: Route<PaymentDeps> = {
  operation: {
    id: 'validatePaymentMethod',
    method: 'POST',
    path: '/v1/payment-methods/validate',
    tag: 'payments',
    summary: 'Ask whether the payment provider knows a payment method',
    description: 'Charges nothing and holds nothing. A valid one may still be declined when it is charged.',
    access: 'signed-in',
    body: given,
    answers: {
      200: {
        description: 'Whether it is valid, and if not, why.',
        schema: z.strictObject({ valid: z.boolean(), reason: reason.optional() }),
      },
    },
  },
  handler: ({ clients: { payments } }) =>
    async function validatePaymentMethodHandler(ctx) {
      const { payment_method: paymentMethod } = await readBody(ctx, given);
      const answer = await payments.calls.validatePaymentMethod({ paymentMethod }, LIMITS);
      const refusedFor = isReason(answer.reason) ? answer.reason : 'payment_method_invalid';
      ctx.body = answer.valid ? { valid: true } : { valid: false, reason: refusedFor };
    },
};

export const readPayment: Route<PaymentDeps> = {
  operation: {
    id: 'readPayment',
    method: 'GET',
    path: '/v1/payments/:id',
    tag: 'payments',
    summary: 'Read a payment',
    description: 'A customer reads only the own ones; operators and admins read every one.',
    access: 'signed-in',
    answers: { 200: { description: 'The payment.', schema: paymentSchema } },
  },
  handler: ({ clients: { payments } }) =>
    async function readPaymentHandler(ctx) {
      const caller = signedIn(ctx);
      const by = { $case: 'paymentId', value: pathId(ctx) } as const;
      const answer = await payments.calls.getPayment({ by }, LIMITS);
      const payment = present(answer.payment, 'a payment');
      const forOperator = seesEverything(caller);
      if (payment.userId !== caller.userId && !forOperator) throw notFound();
      ctx.body = paymentJson(payment, { forOperator });
    },
};
