import * as z from 'zod';
import type { Reason } from '../../contracts/reasons.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import type { Clients } from '../clients.ts';
import { problemOf } from '../http/errors.ts';
import { pathId } from '../http/input.ts';
import { present } from '../http/json.ts';
import type { Route } from '../http/route.ts';
import { id, reason } from '../http/schemas.ts';
import { seesEverything, signedIn } from '../identity/caller.ts';
import { paymentJson, paymentSchema } from '../payments/payment-json.ts';
import { userJson, userSchema } from '../users/user-json.ts';
import { orderJson, orderSchema } from './order-json.ts';
import type { OrderReader } from './read.ts';

type DetailsDeps = { readonly clients: Clients; readonly orderReader: OrderReader };

type Unavailable = { readonly unavailable: true; readonly reason: Reason };

// The order is read first, then all parts in parallel: together within three seconds.
const ORDER_LIMIT_MS = 1_500;
const PART_LIMITS = { deadlineMs: 1_000 };

const unavailablePart = z
  .strictObject({ unavailable: z.literal(true), reason })
  .meta({ id: 'UnavailablePart', description: 'The service of this part does not answer.' });

export const readOrderDetails: Route<DetailsDeps> = {
  operation: {
    id: 'readOrderDetails',
    method: 'GET',
    path: '/v1/orders/:id/details',
    tag: 'orders',
    summary: 'Read an order with its customer, its products and its payment',
    description: 'A part whose service does not answer says so; the other parts are complete.',
    access: 'signed-in',
    answers: {
      200: {
        description: 'The order and its parts.',
        schema: z.strictObject({
          order: orderSchema,
          user: z.union([userSchema, unavailablePart]),
          products: z.union([z.array(z.strictObject({ id, sku: z.string(), name: z.string() })), unavailablePart]),
          payment: z.union([paymentSchema, unavailablePart, z.null()]).describe('null: nothing was charged.'),
        }),
      },
    },
  },
  handler: ({ clients, orderReader }) =>
    async function readOrderDetailsHandler(ctx) {
      const caller = signedIn(ctx);
      // Read first, because the order says which user, products and payment belong to it.
      const order = await orderReader.order(caller, pathId(ctx), ORDER_LIMIT_MS);
      const forOperator = seesEverything(caller);
      const [user, products, payment] = await Promise.all([
        part(readUser(clients, order.userId)),
        part(
          readProducts(
            clients,
            order.lines.map(({ productId }) => productId),
          ),
        ),
        part(readPayment(clients, order.id, { forOperator })),
      ]);
      const names = Array.isArray(products) ? new Map(products.map((product) => [product.id, product.name])) : undefined;
      const shown = { ...(names ? { names } : {}), forOperator };
      ctx.body = { order: orderJson(order, shown), user, products, payment };
    },
};

async function readUser({ users }: Clients, userId: string) {
  const { user } = await users.calls.getUser({ userId }, PART_LIMITS);
  return userJson(present(user, 'a user'));
}

async function readProducts({ products }: Clients, productIds: string[]) {
  const found = await products.calls.getProducts({ productIds }, PART_LIMITS);
  return found.products.map((product) => ({ id: product.id, sku: product.sku, name: product.name }));
}

/** null: nothing was charged, or not yet. */
async function readPayment({ payments }: Clients, orderId: string, shown: { readonly forOperator: boolean }) {
  try {
    const { payment } = await payments.calls.getPayment({ by: { $case: 'orderId', value: orderId } }, PART_LIMITS);
    return paymentJson(present(payment, 'a payment'), shown);
  } catch (error: unknown) {
    if (error instanceof StatusError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

async function part<T>(asked: Promise<T>): Promise<T | Unavailable> {
  try {
    return await asked;
  } catch (error: unknown) {
    return { unavailable: true, reason: error instanceof StatusError ? problemOf(error).reason : 'internal' };
  }
}
