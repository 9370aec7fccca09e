/** The four services as gRPC servers on free ports whose handlers a test writes; what it leaves out is UNIMPLEMENTED. */
import pino from 'pino';
import type { ServedService, ServiceDefinition } from '../../platform/rpc/methods.ts';
import { createGrpcServer, type Handlers } from '../../platform/rpc/server.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { OrdersServiceService } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { PaymentsServiceService } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';

export type FakeHandlers = {
  readonly users?: Partial<Handlers<UsersServiceService>>;
  readonly products?: Partial<Handlers<ProductsServiceService>>;
  readonly orders?: Partial<Handlers<OrdersServiceService>>;
  readonly payments?: Partial<Handlers<PaymentsServiceService>>;
};

export async function startFakeServices(handlers: FakeHandlers) {
  const [users, products, orders, payments] = await Promise.all([
    serve(UsersServiceService, handlers.users ?? {}),
    serve(ProductsServiceService, handlers.products ?? {}),
    serve(OrdersServiceService, handlers.orders ?? {}),
    serve(PaymentsServiceService, handlers.payments ?? {}),
  ]);
  return {
    users: users.address,
    products: products.address,
    orders: orders.address,
    payments: payments.address,
    async close() {
      await Promise.all([users, products, orders, payments].map((server) => server.close()));
    },
  };
}

/** `alsoServe`: further services on the same server. */
export async function serve<D extends ServiceDefinition>(
  definition: D,
  handlers: Partial<Handlers<D>>,
  alsoServe: readonly ServedService[] = [],
) {
  const missing = Object.fromEntries(
    Object.keys(definition).map((method) => [
      method,
      async () => {
        throw new StatusError({ code: 'UNIMPLEMENTED', reason: 'internal', message: `${method} is not faked` });
      },
    ]),
  );
  const server = await createGrpcServer({
    definition,
    // Complete: every method of the definition is in `missing`.
    handlers: { ...missing, ...handlers } as Handlers<D>,
    alsoServe,
    host: '127.0.0.1',
    port: 0,
    logger: pino({ level: 'silent' }),
    metrics: createMetrics('fake', 'test'),
  });
  return { address: `127.0.0.1:${server.port}`, close: () => server.close() };
}
