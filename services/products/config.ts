import * as z from 'zod';
import { bindHost, databaseUrl, grpcReflection, logLevel, port, whole } from '../../platform/config/fields.ts';
import { currencies } from '../../platform/config/money.ts';

export const productsConfig = z.object({
  PRODUCTS_PORT: port(9002, 'Where the products service answers gRPC; 0 lets the system choose.'),
  PRODUCTS_HTTP_PORT: port(8002, 'Where the products service answers health and metrics; 0 lets the system choose.'),
  PRODUCTS_DATABASE_URL: databaseUrl('The products database: postgres://role:password@host:port/database.'),
  RESERVATION_TTL_MS: whole(
    900_000,
    { min: 100, max: 86_400_000 },
    'Milliseconds a reservation is held before it expires; longer than SAGA_STEP_LIMIT_MS, so that an order gives up first.',
  ),
  CURRENCIES: currencies,
  GRPC_REFLECTION: grpcReflection,
  BIND_HOST: bindHost,
  LOG_LEVEL: logLevel,
});

export type ProductsConfig = Readonly<z.infer<typeof productsConfig>>;
