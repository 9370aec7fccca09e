import type { Effect } from '../../../proto/gen/shopfast/audit/v1/audit.ts';
import type {
  Availability,
  ReserveInventoryResponse,
  Product as WireProduct,
} from '../../../proto/gen/shopfast/products/v1/products.ts';
import type { LineAvailability } from '../domain/check-availability.ts';
import type { Product } from '../domain/product.ts';
import type { Hold, StockEffect } from '../domain/stock.ts';

export function productMessage(product: Product): WireProduct {
  return {
    id: product.id,
    sku: product.sku,
    name: product.name,
    description: product.description,
    category: product.category,
    price: { amountMinor: product.priceMinor, currency: product.currency },
    stockQuantity: product.stockQuantity,
    reservedQuantity: product.reservedQuantity,
    availableQuantity: product.available(),
    active: product.active,
    imageUrl: product.imageUrl,
    ...(product.weightGrams === null ? {} : { weightGrams: product.weightGrams }),
    ...(product.dimensions === null ? {} : { dimensions: product.dimensions }),
    version: product.version,
    createdAt: product.createdAt,
    updatedAt: product.updatedAt,
  };
}

export function holdMessage({ lines, expiresAt }: Hold): ReserveInventoryResponse {
  const priced = lines.map(({ productId, quantity, priceMinor, currency }) => ({
    productId,
    quantity,
    unitPrice: { amountMinor: priceMinor, currency },
  }));
  return { lines: priced, expiresAt };
}

export function availabilityMessage({ productId, quantity, availableQuantity, available }: LineAvailability): Availability {
  return { productId, requestedQuantity: quantity, availableQuantity, available };
}

const EFFECT_KIND: Readonly<Record<StockEffect['kind'], string>> = {
  reserve: 'reserved',
  release: 'released',
  expire: 'expired',
  commit: 'committed',
  return: 'returned',
};

/** The reference is the order's id, which is the reservation's, or the return's own. */
export function effectMessage({ sequence, atMicros, kind, orderId, returnId }: StockEffect): Effect {
  return {
    sequence: Number(sequence),
    kind: EFFECT_KIND[kind],
    orderId,
    userId: '',
    reference: returnId ?? orderId,
    at: new Date(Number(atMicros) / 1_000),
  };
}
