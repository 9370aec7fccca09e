/** The real services and the payment provider, each on a database of its own and behind a gate that a test can close. */
import pg from 'pg';
import { loadConfig } from '../../../platform/config/load.ts';
import type { Running } from '../../../platform/lifecycle/run.ts';
import { notificationsConfig } from '../../../services/notifications/config.ts';
import { startNotifications } from '../../../services/notifications/server.ts';
import { ordersConfig } from '../../../services/orders/config.ts';
import { startOrders } from '../../../services/orders/server.ts';
import { paymentsConfig } from '../../../services/payments/config.ts';
import { startPayments } from '../../../services/payments/server.ts';
import { productsConfig } from '../../../services/products/config.ts';
import { startProducts } from '../../../services/products/server.ts';
import { usersConfig } from '../../../services/users/config.ts';
import { startUsers } from '../../../services/users/server.ts';
import { createDatabase, type TestDatabase } from '../../../testkit/database.ts';
import { openProvider, type ProviderFixture } from '../../services/provider-fixture.ts';
import { createGate } from './gate.ts';

type Environment = Readonly<Record<string, string>>;

const START = {
  users: (env: Environment) => startUsers(loadConfig(usersConfig, env)),
  products: (env: Environment) => startProducts(loadConfig(productsConfig, env)),
  orders: (env: Environment) => startOrders(loadConfig(ordersConfig, env)),
  payments: (env: Environment) => startPayments(loadConfig(paymentsConfig, env)),
  notifications: (env: Environment) => startNotifications(loadConfig(notificationsConfig, env)),
} as const;

export type ServiceName = keyof typeof START;
export type Service = Awaited<ReturnType<typeof openService>>;
export type Services = Readonly<Record<ServiceName, Service>> & { readonly provider: ProviderFixture; close(): Promise<void> };

/** Orders cost their items alone, and no fraud rule holds a customer who orders often. */
const SETTINGS: Readonly<Partial<Record<ServiceName, Environment>>> = {
  orders: { TAX_BASIS_POINTS: '0', SHIPPING_MINOR: '0' },
  payments: { FRAUD_LIMIT: '1000' },
};

export async function openServices({ jwtKeysFile }: { readonly jwtKeysFile: string }): Promise<Services> {
  const provider = await openProvider();
  const [users, products, orders, payments, notifications] = await Promise.all([
    openService('users', { JWT_KEYS_FILE: jwtKeysFile }),
    openService('products'),
    openService('orders'),
    openService('payments', { PROVIDER_URL: provider.url }),
    openService('notifications'),
  ]);
  const services = { users, products, orders, payments, notifications };
  return {
    ...services,
    provider,
    async close() {
      await Promise.all(Object.values(services).map((service) => service.close()));
      await provider.close();
    },
  };
}

async function openService(name: ServiceName, given: Environment = {}) {
  const database: TestDatabase = await createDatabase(name);
  const prefix = name.toUpperCase();
  const running: Running = await START[name]({
    [`${prefix}_PORT`]: '0',
    [`${prefix}_HTTP_PORT`]: '0',
    [`${prefix}_DATABASE_URL`]: database.url,
    LOG_LEVEL: 'fatal',
    ...SETTINGS[name],
    ...given,
  });
  const direct = `127.0.0.1:${running.listening.grpc}`;
  const gate = await createGate(direct);
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  pool.on('error', () => undefined);
  return {
    /** Through the gate. */
    address: gate.address,
    /** Past the gate. */
    direct,
    gate,
    async sql<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
      return (await pool.query<Row>(text, [...values])).rows;
    },
    /** Calls of this method that the service has answered. */
    async answered(method: string): Promise<number> {
      const metrics = await (await fetch(`http://127.0.0.1:${running.listening.http}/metrics`)).text();
      const counts = metrics.matchAll(/^grpc_server_handled_total\{(.*)\} (\d+)$/gm);
      const named = new RegExp(`[/"]${method}"`);
      return [...counts].reduce((sum, [, labels = '', count]) => sum + (named.test(labels) ? Number(count) : 0), 0);
    },
    async close() {
      await gate.close();
      await running.stop();
      await pool.end();
      await database.drop();
    },
  };
}
