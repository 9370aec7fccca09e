import { evaluate } from '../../platform/audit/evaluate.ts';
import type { Database } from '../../platform/persistence/database.ts';
import type { Handlers } from '../../platform/rpc/server.ts';
import { parseRequest } from '../../platform/rpc/validate.ts';
import { annotate } from '../../platform/telemetry/context.ts';
import type { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import { RULES } from './audit.ts';
import { listEffects } from './effects.ts';
import { productMessage } from './messages.ts';
import * as requests from './requests.ts';
import type { Reservations } from './reservations.ts';
import type { Products } from './service.ts';

export function createHandler(services: {
  readonly database: Database;
  readonly products: Products;
  readonly reservations: Reservations;
}): Handlers<typeof ProductsServiceService> {
  const { database, products, reservations } = services;
  return {
    async getProduct(request) {
      const { productId } = parseRequest(requests.getProduct, request);
      return { product: productMessage(await products.get(productId)) };
    },
    async getProducts(request) {
      const { productIds } = parseRequest(requests.getProducts, request);
      return { products: (await products.getMany(productIds)).map(productMessage) };
    },
    async searchProducts(request) {
      const { pageSize, cursor, ...search } = parseRequest(requests.searchProducts, request);
      const page = await products.search(search, { size: pageSize, cursor });
      return { products: page.products.map(productMessage), nextCursor: page.nextCursor };
    },
    async createProduct(request) {
      const { idempotencyKey: _, price, ...fields } = parseRequest(requests.createProduct, request);
      return products.create(request, { ...fields, priceMinor: price.amountMinor, currency: price.currency });
    },
    async adjustStock(request) {
      const { idempotencyKey: _, ...change } = parseRequest(requests.adjustStock, request);
      return products.adjustStock(request, change);
    },
    async reserveInventory(request) {
      const { lines, orderId } = parseRequest(requests.reserveInventory, request);
      annotate({ orderId });
      return reservations.reserve({ ...request, orderId }, lines);
    },
    async releaseInventory(request) {
      const release = parseRequest(requests.releaseInventory, request);
      annotate({ orderId: release.orderId });
      return reservations.release(release);
    },
    async confirmReservation(request) {
      const confirm = parseRequest(requests.reservationOf, request);
      annotate({ orderId: confirm.orderId });
      return reservations.confirm(confirm);
    },
    async updateProduct(request) {
      const { idempotencyKey: _, productId, ...change } = parseRequest(requests.updateProduct, request);
      return products.update({ ...request, productId }, productId, change);
    },
    async checkAvailability(request) {
      return { lines: await products.availability(parseRequest(requests.checkAvailability, request).lines) };
    },
    async extendReservation(request) {
      const extend = parseRequest(requests.reservationOf, request);
      annotate({ orderId: extend.orderId });
      return reservations.extend(extend);
    },
    async commitReservation(request) {
      const commit = parseRequest(requests.reservationOf, request);
      annotate({ orderId: commit.orderId });
      return reservations.commit(commit);
    },
    async restockReturn(request) {
      const { lines, ...back } = parseRequest(requests.restockReturn, request);
      annotate({ orderId: back.orderId });
      return reservations.restock({ ...request, ...back }, lines);
    },
    async audit() {
      return { findings: await evaluate(database, RULES) };
    },
    async listEffects(request) {
      const { page } = parseRequest(requests.listEffects, request);
      return listEffects(database.sql, page);
    },
  };
}
