import { StatusError } from '../../platform/grpc/status-error.ts';

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

export function malformedCursor(): StatusError {
  return new StatusError({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    message: 'The request has invalid fields',
    violations: [{ field: 'cursor', description: 'is not a cursor of this list' }],
  });
}
