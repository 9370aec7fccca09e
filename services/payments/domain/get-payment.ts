import type { EntityManager } from '@mikro-orm/core';
import { paymentNotFound } from './errors.ts';
import { Payment } from './payment.ts';

export async function getPayment(
  em: EntityManager,
  by: { readonly id: string } | { readonly orderId: string },
): Promise<Payment> {
  const payment = await em.findOne(Payment, by, { populate: ['refunds'] });
  if (!payment) throw paymentNotFound();
  return payment;
}
