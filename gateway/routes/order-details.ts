import type { Reason } from '../../contracts/reasons.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { serve } from '../api/operation.ts';
import { readOrderDetails } from '../api/orders.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { Routes } from '../context.ts';
import { problemOf } from '../http-errors.ts';
import { pathId } from '../input.ts';
import { seesEverything, signedIn } from '../middleware/caller.ts';
import type { OrderReader } from '../order-reader.ts';
import { orderJson } from '../order-record.ts';
import { paymentJson } from '../payment-json.ts';
import { userJson } from '../user-json.ts';
import { present } from '../wire.ts';

type Unavailable = { readonly unavailable: true; readonly reason: Reason };

/** The order first: it knows whose it is and what else to ask for. Everything else at the same time, each at its own risk. */
export function orderDetailsRoute(
  router: Routes,
  { clients, orderReader }: { clients: Clients; orderReader: OrderReader },
): void {
  const limits = { deadlineMs: DEADLINES_MS.detailsPart };

  serve(router, readOrderDetails, async (ctx) => {
    const caller = signedIn(ctx);
    const order = await orderReader.order(caller, pathId(ctx), DEADLINES_MS.detailsOrder);
    const forOperator = seesEverything(caller);
    const [user, products, payment] = await Promise.all([
      part(userOf(order.userId)),
      part(productsOf(order.lines.map(({ productId }) => productId))),
      part(paymentOf(order.id, { forOperator })),
    ]);
    const names = Array.isArray(products) ? new Map(products.map(({ id, name }) => [id, name])) : undefined;
    const shown = { ...(names ? { names } : {}), forOperator };
    ctx.body = { order: orderJson(order, shown), user, products, payment };
  });

  async function userOf(userId: string) {
    const { user } = await clients.users.calls.getUser({ userId }, limits);
    return userJson(present(user, 'a user'));
  }

  async function productsOf(productIds: string[]) {
    const { products } = await clients.products.calls.getProducts({ productIds }, limits);
    return products.map(({ id, sku, name }) => ({ id, sku, name }));
  }

  /** null: nothing was charged, or not yet. */
  async function paymentOf(orderId: string, shown: { readonly forOperator: boolean }) {
    try {
      const { payment } = await clients.payments.calls.getPayment({ by: { $case: 'orderId', value: orderId } }, limits);
      return paymentJson(present(payment, 'a payment'), shown);
    } catch (error: unknown) {
      if (error instanceof StatusError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  }
}

async function part<T>(asked: Promise<T>): Promise<T | Unavailable> {
  try {
    return await asked;
  } catch (error: unknown) {
    return { unavailable: true, reason: error instanceof StatusError ? problemOf(error).reason : 'internal' };
  }
}
