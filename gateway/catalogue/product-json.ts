import * as z from 'zod';
import type { Dimensions, Product } from '../../proto/gen/shopfast/products/v1/products.ts';
import { moneyJson, present } from '../http/json.ts';
import { id, money, time } from '../http/schemas.ts';

export const dimensionsSchema = z.strictObject({ length: z.int(), width: z.int(), height: z.int() });

export const productSchema = z
  .strictObject({
    id,
    sku: z.string(),
    name: z.string(),
    description: z.string(),
    category: z.string(),
    price: money,
    stock_quantity: z.int(),
    reserved_quantity: z.int(),
    available_quantity: z.int().describe('What can be ordered.'),
    image_url: z.string().optional(),
    weight_grams: z.int().optional().describe('Of one unit, packed.'),
    dimensions_mm: dimensionsSchema.optional().describe('Of one unit, packed.'),
    active: z.boolean().describe('False: not for sale.'),
    version: z.int().describe('Grows with every change.'),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Product' });

export function productJson(product: Product) {
  return {
    id: product.id,
    sku: product.sku,
    name: product.name,
    description: product.description,
    category: product.category,
    price: moneyJson(present(product.price, 'a price')),
    stock_quantity: product.stockQuantity,
    reserved_quantity: product.reservedQuantity,
    available_quantity: product.availableQuantity,
    image_url: product.imageUrl || undefined,
    weight_grams: product.weightGrams,
    dimensions_mm: product.dimensions && dimensionsJson(product.dimensions),
    active: product.active,
    version: product.version,
    created_at: product.createdAt,
    updated_at: product.updatedAt,
  };
}

function dimensionsJson({ lengthMm, widthMm, heightMm }: Dimensions) {
  return { length: lengthMm, width: widthMm, height: heightMm };
}
