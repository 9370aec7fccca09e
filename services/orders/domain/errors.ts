import { DomainError, type Facts } from '../../../platform/domain-error.ts';

export type OrderReason =
  | 'not_found'
  | 'illegal_transition'
  | 'validation_failed'
  | 'return_exceeds_order'
  | 'idempotency_key_reused';

export function refused(reason: OrderReason, message: string, facts: Facts = {}): DomainError<OrderReason> {
  return new DomainError(reason, message, { facts });
}

/** The request is wrong in every state of the order. */
export function invalidField(field: string, description: string): DomainError<OrderReason> {
  return new DomainError('validation_failed', 'The request has invalid fields', { violations: [{ field, description }] });
}

/** The same for an order that does not exist and for one of another user. */
export function orderNotFound(orderId: string): DomainError<OrderReason> {
  return refused('not_found', 'No such order', { order_id: orderId });
}

/** A return id belongs to one request. */
export function returnIdTaken(returnId: string): DomainError<OrderReason> {
  return refused('idempotency_key_reused', 'Another return has this id', { return_id: returnId });
}
