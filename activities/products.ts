import type { ServiceCalls } from '../contracts/activities.ts';
import type { UnaryCalls } from '../platform/rpc/client.ts';
import type { ProductsServiceService } from '../proto/gen/shopfast/products/v1/products.ts';
import { moneyFrom } from './money.ts';
import { carriedThrough, forward } from './service-call.ts';

type Calls = Pick<
  UnaryCalls<ProductsServiceService>,
  'reserveInventory' | 'releaseInventory' | 'confirmReservation' | 'commitReservation' | 'restockReturn'
>;

export function createProductsActivities({
  calls,
}: {
  readonly calls: Calls;
}): Pick<ServiceCalls, 'reserveInventory' | 'releaseInventory' | 'confirmReservation' | 'commitReservation' | 'restockReturn'> {
  return {
    reserveInventory: ({ key, orderId, lines, pricesAsOf }) =>
      forward({
        rpc: 'products.ReserveInventory',
        about: { orderId },
        async send(limits) {
          const asked = { idempotencyKey: key, orderId, lines: [...lines], pricesAsOf: new Date(pricesAsOf) };
          const answer = await calls.reserveInventory(asked, limits);
          return {
            lines: answer.lines.map(({ productId, quantity, unitPrice }) => ({
              productId,
              quantity,
              unitPrice: moneyFrom(unitPrice),
            })),
          };
        },
      }),

    confirmReservation: ({ key, orderId }) =>
      forward({
        rpc: 'products.ConfirmReservation',
        about: { orderId },
        async send(limits) {
          await calls.confirmReservation({ idempotencyKey: key, orderId }, limits);
          return {};
        },
      }),

    commitReservation: ({ key, orderId }) =>
      forward({
        rpc: 'products.CommitReservation',
        about: { orderId },
        async send(limits) {
          await calls.commitReservation({ idempotencyKey: key, orderId }, limits);
          return {};
        },
      }),

    restockReturn: ({ key, orderId, returnId, lines }) =>
      carriedThrough({
        rpc: 'products.RestockReturn',
        about: { orderId },
        send: (limits) => calls.restockReturn({ idempotencyKey: key, orderId, returnId, lines: [...lines] }, limits),
      }),

    releaseInventory: ({ key, orderId, undoesKey }) =>
      carriedThrough({
        rpc: 'products.ReleaseInventory',
        about: { orderId },
        send: (limits) => calls.releaseInventory({ idempotencyKey: key, orderId, undoesKey }, limits),
      }),
  };
}
