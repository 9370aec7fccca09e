import { DomainError, type Facts } from '../../../platform/domain-error.ts';

export type ProductReason =
  | 'product_unknown'
  | 'product_inactive'
  | 'insufficient_stock'
  | 'hold_expired'
  | 'illegal_transition'
  | 'return_exceeds_order'
  | 'idempotency_key_reused'
  | 'sku_taken'
  | 'validation_failed';

type ProductError = DomainError<ProductReason>;

function refused(reason: ProductReason, message: string, facts: Facts): ProductError {
  return new DomainError(reason, message, { facts });
}

/** A well-formed field that the state forbids. */
function refusedField(
  reason: 'sku_taken' | 'validation_failed',
  message: string,
  { facts = {}, field, description }: { readonly facts?: Facts; readonly field: string; readonly description: string },
): ProductError {
  return new DomainError(reason, message, { facts, violations: [{ field, description }] });
}

export function productUnknown(productId: string): ProductError {
  return refused('product_unknown', 'No such product', { product_id: productId });
}

export function productInactive(productId: string): ProductError {
  return refused('product_inactive', 'This product is not for sale', { product_id: productId });
}

export function insufficientStock(fact: { productId: string; requested: number; available: number }): ProductError {
  return refused('insufficient_stock', 'Not enough of this product is available', {
    product_id: fact.productId,
    requested_quantity: String(fact.requested),
    available_quantity: String(fact.available),
  });
}

export function mixedCurrencies(currencies: readonly string[]): ProductError {
  return refusedField('validation_failed', 'The products of one order must be priced in one currency', {
    facts: { currencies: currencies.join(',') },
    field: 'lines',
    description: 'are priced in more than one currency',
  });
}

export function currencyNotSold(currencies: readonly string[]): ProductError {
  return refusedField('validation_failed', 'The shop does not sell in this currency', {
    facts: { currencies: currencies.join(',') },
    field: 'price.currency',
    description: `must be one of ${currencies.join(', ')}`,
  });
}

export function skuTaken(): ProductError {
  return refusedField('sku_taken', 'Another product has this SKU', { field: 'sku', description: 'belongs to another product' });
}

export function stockTooLarge(productId: string): ProductError {
  return refusedField('validation_failed', 'The stock of a product is limited', {
    facts: { product_id: productId },
    field: 'delta',
    description: 'would make the stock too large',
  });
}

/** `state` says how the hold ended; `absent`: the order never had one. */
export function holdExpired(orderId: string, state: string): ProductError {
  return refused('hold_expired', 'The stock of this order is not held any more', { order_id: orderId, state });
}

export function returnExceedsOrder({ productId, returnable }: { productId: string; returnable: number }): ProductError {
  return refused('return_exceeds_order', 'More units than left the building for this order', {
    product_id: productId,
    returnable_quantity: String(returnable),
  });
}

/** One id is one return: it was used under another idempotency key. */
export function returnIdTaken(returnId: string): ProductError {
  return refused('idempotency_key_reused', 'Another return has this id', { return_id: returnId });
}

/** `current` is `absent` for an order that never reserved. */
export function illegalTransition(
  orderId: string,
  { current, attempted }: { readonly current: string; readonly attempted: string },
): ProductError {
  return refused('illegal_transition', `A reservation that is ${current} cannot become ${attempted}`, {
    order_id: orderId,
    current_status: current,
    attempted_status: attempted,
  });
}

/** An order has one reservation: another idempotency key asks for a second one. */
export function alreadyReserved(orderId: string): ProductError {
  return refused('illegal_transition', 'This order has a reservation already', { order_id: orderId });
}
