import { evaluate } from '../../platform/audit/evaluate.ts';
import { RULES } from './audit.ts';
import { type BalanceQuery, balanceOf } from './balances.ts';
import { type EffectsPage, listEffects } from './effects.ts';
import type { Payment } from './entity.ts';
import { paymentNotFound } from './errors.ts';
import type { Dependencies } from './lease.ts';
import { validatePaymentMethod } from './methods.ts';
import { type PaymentRequest, processPayment } from './processing.ts';
import type { RefundJob } from './refund-steps.ts';
import { refundPayment } from './refunds.ts';
import { findPayment, type PaymentKey } from './repository.ts';
import { type VoidRequest, voidPayment } from './voids.ts';

export type Payments = ReturnType<typeof createPayments>;

export function createPayments(dependencies: Dependencies) {
  return {
    process: (request: PaymentRequest): Promise<string> => processPayment(dependencies, request),
    refund: (request: Omit<RefundJob, 'lease'>): Promise<number> => refundPayment(dependencies, request),
    void: (request: VoidRequest): Promise<void> => voidPayment(dependencies, request),
    validateMethod: (token: string) => validatePaymentMethod(dependencies, token),
    balance: (query: BalanceQuery) => balanceOf(dependencies.database.sql, query),
    audit: () => evaluate(dependencies.database, RULES),
    listEffects: (page: EffectsPage) => listEffects(dependencies.database.sql, page),
    async get(by: PaymentKey): Promise<Payment> {
      const payment = await findPayment(dependencies.database.read(), by);
      if (!payment) throw paymentNotFound();
      return payment;
    },
  };
}
