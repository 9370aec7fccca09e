import { isReason } from '../../contracts/reasons.ts';
import { serve } from '../api/operation.ts';
import { readPayment, validatePaymentMethod } from '../api/payments.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Routes } from '../context.ts';
import { pathId, readBody } from '../input.ts';
import { seesEverything, signedIn } from '../middleware/caller.ts';
import { paymentJson } from '../payment-json.ts';
import { notFound } from '../problem.ts';
import { present } from '../wire.ts';

export function paymentRoutes(router: Routes, { payments }: Clients): void {
  serve(router, validatePaymentMethod, async (ctx) => {
    const { payment_method: paymentMethod } = await readBody(ctx, validatePaymentMethod.body);
    const answer = await payments.calls.validatePaymentMethod({ paymentMethod }, { deadlineMs: DEADLINES_MS.payment });
    const reason = isReason(answer.reason) ? answer.reason : 'payment_method_invalid';
    ctx.body = answer.valid ? { valid: true } : { valid: false, reason };
  });

  serve(router, readPayment, async (ctx) => {
    const caller = signedIn(ctx);
    const by = { $case: 'paymentId', value: pathId(ctx) } as const;
    const answer = await payments.calls.getPayment({ by }, { deadlineMs: DEADLINES_MS.payment });
    const payment = present(answer.payment, 'a payment');
    const forOperator = seesEverything(caller);
    if (payment.userId !== caller.userId && !forOperator) throw notFound();
    ctx.body = paymentJson(payment, { forOperator });
  });
}
