import { StatusError } from '../../platform/rpc/status-error.ts';

export function productUnknown(productId: string): StatusError {
  return new StatusError({
    code: 'NOT_FOUND',
    reason: 'product_unknown',
    message: 'No such product',
    facts: { product_id: productId },
  });
}

export function productInactive(productId: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'product_inactive',
    message: 'This product is not for sale',
    facts: { product_id: productId },
  });
}

export function insufficientStock(fact: { productId: string; requested: number; available: number }): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'insufficient_stock',
    message: 'Not enough of this product is available',
    facts: {
      product_id: fact.productId,
      requested_quantity: String(fact.requested),
      available_quantity: String(fact.available),
    },
  });
}

export function mixedCurrencies(currencies: readonly string[]): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'validation_failed',
    message: 'The products of one order must be priced in one currency',
    facts: { currencies: currencies.join(',') },
    violations: [{ field: 'lines', description: 'are priced in more than one currency' }],
  });
}

export function skuTaken(): StatusError {
  return new StatusError({
    code: 'ALREADY_EXISTS',
    reason: 'validation_failed',
    message: 'Another product has this SKU',
    violations: [{ field: 'sku', description: 'belongs to another product' }],
  });
}

export function stockTooLarge(productId: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'validation_failed',
    message: 'The stock of a product is limited',
    facts: { product_id: productId },
    violations: [{ field: 'delta', description: 'would make the stock too large' }],
  });
}

/** The hold is gone, whichever way: `state` says it, `absent` when there never was one. */
export function holdExpired(orderId: string, state: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'hold_expired',
    message: 'The stock of this order is not held any more',
    facts: { order_id: orderId, state },
  });
}

export function returnExceedsOrder({ productId, returnable }: { productId: string; returnable: number }): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'return_exceeds_order',
    message: 'More units than left the building for this order',
    facts: { product_id: productId, returnable_quantity: String(returnable) },
  });
}

/** One id is one return; another key told of a second one. */
export function returnIdTaken(returnId: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'idempotency_key_reused',
    message: 'Another return has this id',
    facts: { return_id: returnId },
  });
}

/** `current` is `absent` for an order that never reserved. */
export function illegalTransition(
  orderId: string,
  { current, attempted }: { readonly current: string; readonly attempted: string },
): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    message: `A reservation that is ${current} cannot become ${attempted}`,
    facts: { order_id: orderId, current_status: current, attempted_status: attempted },
  });
}

/** One order has one reservation; another key asked for a second one. */
export function alreadyReserved(orderId: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    message: 'This order has a reservation already',
    facts: { order_id: orderId },
  });
}

export function malformedCursor(): StatusError {
  return new StatusError({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    message: 'The request has invalid fields',
    violations: [{ field: 'cursor', description: 'is not a cursor of this search' }],
  });
}
