import { type EntityManager, LockMode } from '@mikro-orm/core';
import { Payment } from './payment.ts';

export type PaymentKey =
  | { readonly chargeKey: string }
  | { readonly orderId: string }
  | { readonly id: string }
  /** The provider's id of the charge. */
  | { readonly providerReference: string };

/** The payment as it is now, locked until the transaction ends. */
export function lockPayment(em: EntityManager, by: PaymentKey): Promise<Payment | null> {
  return em.findOne(Payment, by, { lockMode: LockMode.PESSIMISTIC_WRITE });
}
