import type { Handlers } from '../../platform/grpc/server.ts';
import { parseRequest } from '../../platform/grpc/validate.ts';
import { annotate } from '../../platform/telemetry/context.ts';
import type { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import { productMessage } from './messages.ts';
import {
  adjustStock,
  confirmReservation,
  createProduct,
  getProduct,
  getProducts,
  releaseInventory,
  reserveInventory,
  searchProducts,
} from './requests.ts';
import type { Reservations } from './reservations.ts';
import type { Products } from './service.ts';

export function createHandler(services: {
  readonly products: Products;
  readonly reservations: Reservations;
}): Handlers<typeof ProductsServiceService> {
  const { products, reservations } = services;
  return {
    async getProduct(request) {
      const { productId } = parseRequest(getProduct, request);
      return { product: productMessage(await products.get(productId)) };
    },
    async getProducts(request) {
      const { productIds } = parseRequest(getProducts, request);
      return { products: (await products.getMany(productIds)).map(productMessage) };
    },
    async searchProducts(request) {
      const { pageSize, cursor, ...search } = parseRequest(searchProducts, request);
      const page = await products.search(search, { size: pageSize, cursor });
      return { products: page.products.map(productMessage), nextCursor: page.nextCursor };
    },
    async createProduct(request) {
      const { idempotencyKey: _, price, ...fields } = parseRequest(createProduct, request);
      return products.create(request, { ...fields, priceMinor: price.amountMinor, currency: price.currency });
    },
    async adjustStock(request) {
      const { idempotencyKey: _, ...change } = parseRequest(adjustStock, request);
      return products.adjustStock(request, change);
    },
    async reserveInventory(request) {
      const { lines, orderId } = parseRequest(reserveInventory, request);
      annotate({ orderId });
      return reservations.reserve({ ...request, orderId }, lines);
    },
    async releaseInventory(request) {
      const release = parseRequest(releaseInventory, request);
      annotate({ orderId: release.orderId });
      return reservations.release(release);
    },
    async confirmReservation(request) {
      const confirm = parseRequest(confirmReservation, request);
      annotate({ orderId: confirm.orderId });
      return reservations.confirm(confirm);
    },
  };
}
