/** The four services and the payment provider, real ones on databases of their own, and what they say of an order. */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { loadConfig } from '../../../platform/config/load.ts';
import { ordersConfig } from '../../../services/orders/config.ts';
import { startOrders } from '../../../services/orders/server.ts';
import { paymentsConfig } from '../../../services/payments/config.ts';
import { startPayments } from '../../../services/payments/server.ts';
import { productsConfig } from '../../../services/products/config.ts';
import { startProducts } from '../../../services/products/server.ts';
import { usersConfig } from '../../../services/users/config.ts';
import { startUsers } from '../../../services/users/server.ts';
import { createDatabase } from '../../../testkit/database.ts';
import { connectToServices, type ServiceAddresses } from '../../../workers/services.ts';
import { openProvider } from '../../services/provider-fixture.ts';
import { openUsers, registration } from '../../services/users-fixture.ts';

export const STOCK = 5;
export const QUANTITY = 2;
// Two at 10.00, 19 % of it, and 4.90 for shipping: in minor units.
export const TOTAL = 2_870;
const CHARGES = { TAX_BASIS_POINTS: '1900', SHIPPING_MINOR: '490' };
const LIMITS = { deadlineMs: 10_000 };
const QUIET = { LOG_LEVEL: 'fatal' };

export type RealShop = Awaited<ReturnType<typeof openShop>>;

/** What all the books say of one order. */
export type Books = {
  readonly statuses: readonly string[];
  readonly stock: { readonly stock: number; readonly reserved: number };
  readonly reservation: string | null;
  /** Null: there is no payment. */
  readonly payment: { readonly status: string; readonly captured: number; readonly refunded: number } | null;
  /** Charges and refunds at the provider, in minor units. */
  readonly provider: { readonly charges: readonly number[]; readonly refunds: readonly number[] };
  readonly total: number | null;
  /** Why the order was cancelled, in its record. */
  readonly failure: { readonly step: string | null; readonly reason: string; readonly facts: object } | null;
};

type Databases = Readonly<Record<'products' | 'orders' | 'payments', Awaited<ReturnType<typeof createDatabase>>>>;

export async function openShop() {
  const [users, provider] = [await openUsers(), await openProvider()];
  const databases: Databases = {
    products: await createDatabase('products'),
    orders: await createDatabase('orders'),
    payments: await createDatabase('payments'),
  };
  const { running, addresses } = await startServices(databases, users, provider.url);
  const services = connectToServices(addresses);
  await services.clients.users.calls.createUser(registration(), LIMITS);
  const books = openBooks(databases);
  const held = new Map<string, Promise<undefined>>();

  return {
    addresses,
    services,
    clients: services.clients,
    providerUrl: provider.url,
    activities: {
      ...services.activities,
      async confirmReservation(input: Parameters<typeof services.activities.confirmReservation>[0]) {
        await held.get(input.orderId);
        return services.activities.confirmReservation(input);
      },
    },
    /** Lets the order wait when it is paid, before it is confirmed. */
    hold(orderId: string, until: Promise<undefined>) {
      held.set(orderId, until);
    },
    /** For what no call of the service does. */
    tamper: { users: (text: string, id: string) => users.sql(text, [id]), ...books.tamper },

    /** An order as the gateway submits it: of a customer and of a product of its own. */
    async submit(paymentMethod = 'tok_ok') {
      const { id: userId } = await users.addUser();
      const { product } = await services.clients.products.calls.createProduct(newProduct(), LIMITS);
      const lines = [{ productId: product?.id ?? '', quantity: QUANTITY }];
      const submission = { idempotencyKey: randomUUID(), clientId: 'test', userId, lines, paymentMethod };
      const { order } = await services.clients.orders.calls.submitOrder(submission, LIMITS);
      return { orderId: order?.id ?? '', userId, lines, paymentMethod };
    },

    async booksOf(order: { orderId: string; lines: readonly { productId: string }[] }): Promise<Books> {
      const [own, entries] = await Promise.all([books.of(order), provider.entriesOf(order.orderId)]);
      const amounts = (kind: string) => entries.filter((entry) => entry.kind === kind).map((entry) => entry.amount_minor);
      return { ...own, provider: { charges: amounts('capture'), refunds: amounts('refund') } };
    },

    audit: () => audit(services.clients),

    async close() {
      services.close();
      await Promise.all(running.map((service) => service.stop()));
      await books.close();
      await Promise.all(Object.values(databases).map((database) => database.drop()));
      await provider.close();
      await users.close();
    },
  };
}

async function startServices(databases: Databases, users: { readonly environment: Environment }, providerUrl: string) {
  const running = await Promise.all([
    startUsers(loadConfig(usersConfig, users.environment)),
    startProducts(
      loadConfig(productsConfig, {
        PRODUCTS_PORT: '0',
        PRODUCTS_HTTP_PORT: '0',
        PRODUCTS_DATABASE_URL: databases.products.url,
        ...QUIET,
      }),
    ),
    startOrders(
      loadConfig(ordersConfig, {
        ORDERS_PORT: '0',
        ORDERS_HTTP_PORT: '0',
        ORDERS_DATABASE_URL: databases.orders.url,
        ...CHARGES,
        ...QUIET,
      }),
    ),
    startPayments(
      loadConfig(paymentsConfig, {
        PAYMENTS_PORT: '0',
        PAYMENTS_HTTP_PORT: '0',
        PAYMENTS_DATABASE_URL: databases.payments.url,
        PROVIDER_URL: providerUrl,
        ...QUIET,
      }),
    ),
  ]);
  const [usersAt, productsAt, ordersAt, paymentsAt] = running.map(({ listening }) => `127.0.0.1:${listening.grpc}`);
  const addresses: ServiceAddresses = {
    USERS_ADDRESS: usersAt ?? '',
    PRODUCTS_ADDRESS: productsAt ?? '',
    ORDERS_ADDRESS: ordersAt ?? '',
    PAYMENTS_ADDRESS: paymentsAt ?? '',
  };
  return { running, addresses };
}

type Environment = Parameters<typeof loadConfig>[1];

function newProduct() {
  return {
    idempotencyKey: randomUUID(),
    sku: randomUUID(),
    name: 'A mug',
    description: '',
    category: '',
    price: { amountMinor: 1_000, currency: 'EUR' },
    stockQuantity: STOCK,
    imageUrl: '',
  };
}

/** The services' own tables, read and tampered with behind their backs. */
function openBooks(databases: Databases) {
  const open = ({ url }: { readonly url: string }) => {
    const pool = new pg.Pool({ connectionString: url, max: 2 });
    pool.on('error', () => {});
    return pool;
  };
  const [products, orders, payments] = [open(databases.products), open(databases.orders), open(databases.payments)];
  const row = async <T extends pg.QueryResultRow>(pool: pg.Pool, text: string, id: string): Promise<T | undefined> =>
    (await pool.query<T>(text, [id])).rows[0];

  async function of({ orderId, lines }: { orderId: string; lines: readonly { productId: string }[] }) {
    const [stock, reservation, payment, order, history] = await Promise.all([
      row<{ stock: number; reserved: number }>(
        products,
        'select stock_quantity as stock, reserved_quantity as reserved from products where id = $1',
        lines[0]?.productId ?? '',
      ),
      row<{ state: string }>(products, 'select state from reservations where order_id = $1', orderId),
      row<{ status: string; captured: string; refunded: string }>(
        payments,
        'select status, captured_minor as captured, refunded_minor as refunded from payments where order_id = $1',
        orderId,
      ),
      row<{ total: string | null; step: string | null; reason: string | null; facts: object }>(
        orders,
        `select total_minor as total, failure_step as step, failure_reason as reason, failure_facts as facts
         from orders where id = $1`,
        orderId,
      ),
      orders.query<{ status: string }>('select status from order_history where order_id = $1 order by sequence', [orderId]),
    ]);
    return {
      statuses: history.rows.map(({ status }) => status),
      stock: stock ?? { stock: 0, reserved: 0 },
      reservation: reservation?.state ?? null,
      payment: payment
        ? { status: payment.status, captured: Number(payment.captured), refunded: Number(payment.refunded) }
        : null,
      total: order?.total == null ? null : Number(order.total),
      failure: order?.reason ? { step: order.step || null, reason: order.reason, facts: order.facts } : null,
    };
  }

  return {
    of,
    tamper: {
      products: (text: string, id: string) => products.query(text, [id]),
      orders: (text: string, id: string) => orders.query(text, [id]),
    },
    close: () => Promise.all([products, orders, payments].map((pool) => pool.end())),
  };
}

/** Every rule of every service that something violates; and how many things were looked at. */
async function audit(clients: ReturnType<typeof connectToServices>['clients']): Promise<{ violated: string[]; checked: number }> {
  const audits = await Promise.all(
    Object.entries(clients).map(async ([name, { calls }]) => ({ name, findings: (await calls.audit({}, LIMITS)).findings })),
  );
  return {
    violated: audits.flatMap(({ name, findings }) =>
      findings.filter(({ violations }) => violations > 0).map(({ rule, examples }) => `${name}.${rule}: ${examples.join(' ')}`),
    ),
    checked: audits.flatMap(({ findings }) => findings).reduce((sum, { checked }) => sum + checked, 0),
  };
}
