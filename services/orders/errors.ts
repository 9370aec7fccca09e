import { StatusError } from '../../platform/rpc/status-error.ts';

/** The same for an order that does not exist and for one of somebody else. */
export function orderNotFound(orderId: string): StatusError {
  return new StatusError({ code: 'NOT_FOUND', reason: 'not_found', message: 'No such order', facts: { order_id: orderId } });
}

export function illegalTransition(current: string, attempted: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    message: `An order that is ${current} cannot become ${attempted}`,
    facts: { current_status: current, attempted_status: attempted },
  });
}

/** The priced lines are not those that the customer submitted. */
export function linesDiffer(productId: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'validation_failed',
    message: 'The priced lines differ from the submitted ones',
    facts: { product_id: productId },
  });
}

export function returnExceedsOrder({ productId, returnable }: { productId: string; returnable: number }): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'return_exceeds_order',
    message: 'More units than can come back',
    facts: { product_id: productId, returnable_quantity: String(returnable) },
  });
}

/** The same for a return that does not exist and for one of another order. */
export function returnNotFound(returnId: string): StatusError {
  return new StatusError({ code: 'NOT_FOUND', reason: 'not_found', message: 'No such return', facts: { return_id: returnId } });
}

/** One id is one return; another key asked for a second one. */
export function returnIdTaken(returnId: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
    message: 'Another return has this id',
    facts: { return_id: returnId },
  });
}

export function mixedCurrencies(currencies: readonly string[]): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'validation_failed',
    message: 'All lines of an order must have one currency',
    facts: { currencies: currencies.join(',') },
  });
}

export function amountTooLarge(): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'validation_failed',
    message: "The order's total is larger than can be stated exactly",
  });
}

export function deliveredTooEarly(): StatusError {
  return invalidField('deliveredAt', 'must not be before the order was shipped');
}

export function deliveredTooLate(): StatusError {
  return invalidField('deliveredAt', 'must not be in the future');
}

/** The status cannot be reached by its name alone, whatever the order's status is. */
export function needsData(status: string, call: string): StatusError {
  return invalidField('status', `must not be ${status}, which needs data of its own: use ${call}`);
}

export function reasonMissing(status: string): StatusError {
  return invalidField('reason', `must not be empty for ${status}`);
}

export function malformedCursor(): StatusError {
  return invalidField('cursor', 'is not a cursor of this list');
}

function invalidField(field: string, description: string): StatusError {
  return new StatusError({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    message: 'The request has invalid fields',
    violations: [{ field, description }],
  });
}
