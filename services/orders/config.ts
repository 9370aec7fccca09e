import * as z from 'zod';
import { bindHost, databaseUrl, grpcReflection, logLevel, port, whole } from '../../platform/config/fields.ts';

export const ordersConfig = z.object({
  ORDERS_PORT: port(9003, 'Where the orders service answers gRPC; 0 lets the system choose.'),
  ORDERS_HTTP_PORT: port(8003, 'Where the orders service answers health and metrics; 0 lets the system choose.'),
  ORDERS_DATABASE_URL: databaseUrl('The orders database: postgres://role:password@host:port/database.'),
  TAX_BASIS_POINTS: whole(1_900, { min: 0, max: 10_000 }, 'Tax on the subtotal in hundredths of a percent: 1900 is 19 %.'),
  SHIPPING_MINOR: whole(490, { min: 0, max: 100_000_000 }, "Shipping per order in minor units of the order's currency."),
  GRPC_REFLECTION: grpcReflection,
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type OrdersConfig = Readonly<z.infer<typeof ordersConfig>>;
