import type { Product as WireProduct } from '../../proto/gen/shopfast/products/v1/products.ts';
import type { Product } from './entity.ts';

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
    version: product.version,
    createdAt: product.createdAt,
    updatedAt: product.updatedAt,
  };
}
