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

/** The field's value is invalid whatever the order's status. */
export function invalidField(field: string, description: string): DomainError<OrderReason> {
  return new DomainError('validation_failed', 'The request has invalid fields', { violations: [{ field, description }] });
}

/** One error for both an unknown order and an order of another user, so that it does not reveal which orders exist. */
export function orderNotFound(orderId: string): DomainError<OrderReason> {
  return refused('not_found', 'No such order', { order_id: orderId });
}

/** Another request has used the return id. */
export function returnIdTaken(returnId: string): DomainError<OrderReason> {
  return refused('idempotency_key_reused', 'Another return has this id', { return_id: returnId });
}
