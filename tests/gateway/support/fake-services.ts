import { createHash, randomUUID } from 'node:crypto';
import pino from 'pino';
import type { ServiceDefinition } from '../../../platform/rpc/methods.ts';
import { createGrpcServer, type GrpcServer, type Handlers, type served } from '../../../platform/rpc/server.ts';
import { StatusError } from '../../../platform/rpc/status-error.ts';
import { createMetrics } from '../../../platform/telemetry/metrics.ts';
import { type Payment, PaymentsServiceService } from '../../../proto/gen/shopfast/payments/v1/payments.ts';
import { type Product, ProductsServiceService } from '../../../proto/gen/shopfast/products/v1/products.ts';
import { type User, UsersServiceService } from '../../../proto/gen/shopfast/users/v1/users.ts';
import { onlyThese } from '../../../testkit/handlers.ts';
import type { Issuer } from './issuer.ts';

const logger = pino({ level: 'silent' });

export type FakeServer = {
  readonly address: string;
  stop(): Promise<void>;
  /** Listens again on the same port. */
  restart(): Promise<void>;
};

/** A service that answers gRPC from memory, and can go away and come back. */
export async function serve<D extends ServiceDefinition>(
  definition: D,
  some: Partial<Handlers<D>>,
  beside: readonly ReturnType<typeof served>[] = [],
): Promise<FakeServer> {
  const handlers = onlyThese(definition, some);
  const metrics = createMetrics('fake', 'test');
  const open = (port: number) => createGrpcServer({ definition, handlers, beside, host: '127.0.0.1', port, logger, metrics });
  let server: GrpcServer | undefined = await open(0);
  const { port } = server;
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      await server?.close();
      server = undefined;
    },
    async restart() {
      server ??= await open(port);
    },
  };
}

export function refuse(code: 'NOT_FOUND' | 'ALREADY_EXISTS' | 'UNAUTHENTICATED' | 'FAILED_PRECONDITION', reason: string): never {
  throw new StatusError({ code, reason, message: `Refused: ${reason}` });
}

export async function fakeUsers(issuer: Issuer) {
  const users = new Map<string, User & { password: string }>();
  // Good for one use; a second one is refused, and so is every token of the same sign-in from then on.
  const refreshTokens = new Map<string, { userId: string; family: string; used: boolean }>();
  const revoked = new Set<string>();
  const updates: string[] = [];
  let hangMs = 0;

  async function tokensFor(userId: string, family: string) {
    const refreshToken: string = randomUUID();
    refreshTokens.set(refreshToken, { userId, family, used: false });
    return { userId, accessToken: await issuer.sign(userId, 'customer'), refreshToken, expiresInSeconds: 900 };
  }

  const server = await serve(UsersServiceService, {
    async createUser({ email, password, name, address }) {
      if ([...users.values()].some((user) => user.email === email)) refuse('ALREADY_EXISTS', 'validation_failed');
      const now = new Date();
      const user = { id: randomUUID(), email, name, role: 'ROLE_CUSTOMER', active: true, address } as const;
      const stored = { ...user, createdAt: now, updatedAt: now, password };
      users.set(stored.id, stored);
      return { user: stored };
    },
    async authenticateUser({ email, password }) {
      const user = [...users.values()].find((known) => known.email === email && known.password === password);
      if (!user) refuse('UNAUTHENTICATED', 'unauthenticated');
      return tokensFor(user.id, randomUUID());
    },
    async refreshToken({ refreshToken }) {
      const known = refreshTokens.get(refreshToken);
      if (!known || revoked.has(known.family)) refuse('UNAUTHENTICATED', 'unauthenticated');
      if (known.used) {
        revoked.add(known.family);
        refuse('UNAUTHENTICATED', 'unauthenticated');
      }
      known.used = true;
      return tokensFor(known.userId, known.family);
    },
    async revokeToken({ refreshToken }) {
      const known = refreshTokens.get(refreshToken);
      if (known) revoked.add(known.family);
      return {};
    },
    async updateUser({ idempotencyKey, userId, email, name, address }) {
      updates.push(idempotencyKey);
      const user = users.get(userId) ?? refuse('NOT_FOUND', 'user_unknown');
      if ([...users.values()].some((other) => other.id !== userId && other.email === email)) {
        refuse('ALREADY_EXISTS', 'validation_failed');
      }
      if (!user.active) refuse('FAILED_PRECONDITION', 'user_inactive');
      Object.assign(user, email === undefined ? {} : { email }, name === undefined ? {} : { name }, address ? { address } : {});
      return { user };
    },
    async getUser({ userId }) {
      if (hangMs > 0) await new Promise((resolve) => setTimeout(resolve, hangMs));
      return { user: users.get(userId) ?? refuse('NOT_FOUND', 'user_unknown') };
    },
    async validateUser({ userId }) {
      return { userId };
    },
    async getJwks() {
      return { jwksJson: issuer.jwks() };
    },
  });
  return {
    ...server,
    users,
    /** The key of every UpdateUser that arrived. */
    updates,
    hang(forMs: number) {
      hangMs = forMs;
    },
  };
}

export async function fakeProducts() {
  const products = new Map<string, Product>();
  const pages: { cursor: string; pageSize: number; query: string; category: string }[] = [];
  const server = await serve(ProductsServiceService, {
    async getProduct({ productId }) {
      return { product: products.get(productId) ?? refuse('NOT_FOUND', 'product_unknown') };
    },
    async getProducts({ productIds }) {
      return { products: productIds.flatMap((id) => products.get(id) ?? []) };
    },
    async searchProducts({ cursor, pageSize, query, category }) {
      pages.push({ cursor, pageSize, query, category });
      if (cursor !== '' && cursor !== 'page-2') {
        throw new StatusError({
          code: 'INVALID_ARGUMENT',
          reason: 'validation_failed',
          message: 'The request has invalid fields',
          violations: [{ field: 'cursor', description: 'is not a cursor of this list' }],
        });
      }
      return { products: [...products.values()], nextCursor: cursor === '' ? 'page-2' : '' };
    },
    async createProduct({ sku, name, description, category, price, stockQuantity }) {
      const now = new Date();
      const stock = { stockQuantity, reservedQuantity: 0, availableQuantity: stockQuantity };
      const product = { id: randomUUID(), sku, name, description, category, price, ...stock, active: true, version: 1 };
      const stored = { ...product, createdAt: now, updatedAt: now };
      products.set(stored.id, stored);
      return { product: stored };
    },
    async adjustStock({ productId, delta }) {
      const product = products.get(productId) ?? refuse('NOT_FOUND', 'product_unknown');
      product.stockQuantity += delta;
      product.availableQuantity += delta;
      product.version += 1;
      return { product };
    },
    async updateProduct({ productId, name, description, category, price, active }) {
      const product = products.get(productId) ?? refuse('NOT_FOUND', 'product_unknown');
      const set = Object.entries({ name, description, category, price, active }).filter(([, value]) => value !== undefined);
      Object.assign(product, Object.fromEntries(set), { version: product.version + 1 });
      return { product };
    },
  });
  return { ...server, products, pages };
}

export async function fakePayments() {
  const payments = new Map<string, Payment>();
  const server = await serve(PaymentsServiceService, {
    async getPayment({ by }) {
      const found = [...payments.values()].find(({ id, orderId }) => (by?.$case === 'orderId' ? orderId : id) === by?.value);
      return { payment: found ?? refuse('NOT_FOUND', 'not_found') };
    },
    async validatePaymentMethod({ paymentMethod }) {
      const valid = paymentMethod === 'tok_ok';
      return { valid, reason: valid ? '' : 'payment_method_invalid' };
    },
  });
  return {
    ...server,
    charge(orderId: string, userId: string): Payment {
      const at = new Date();
      const payment: Payment = {
        id: randomUUID(),
        orderId,
        userId,
        amount: { amountMinor: 1_000, currency: 'EUR' },
        status: 'PAYMENT_STATUS_COMPLETED',
        refundedMinor: 0,
        providerReference: 'ch_1',
        failureReason: '',
        fraud: { score: 5, factors: [{ name: 'first_payment', weight: 5, reason: 'The first payment of this customer' }] },
        createdAt: at,
        updatedAt: at,
      };
      payments.set(payment.id, payment);
      return payment;
    },
  };
}

export function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
