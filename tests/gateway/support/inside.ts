import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { createClient } from '../../../platform/rpc/client.ts';
import { OrdersServiceService } from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import { PaymentsServiceService } from '../../../proto/gen/shopfast/payments/v1/payments.ts';
import { ProductsServiceService } from '../../../proto/gen/shopfast/products/v1/products.ts';
import { UsersServiceService } from '../../../proto/gen/shopfast/users/v1/users.ts';
import type { Services } from './services.ts';

const LIMITS = { deadlineMs: 10_000 };

/** What a test sets up or looks up past the gateway and the gates. */
export function openInside({ users, products, orders, payments }: Services) {
  const clients = {
    users: createClient(UsersServiceService, { target: users.direct }),
    products: createClient(ProductsServiceService, { target: products.direct }),
    orders: createClient(OrdersServiceService, { target: orders.direct }),
    payments: createClient(PaymentsServiceService, { target: payments.direct }),
  };
  return {
    clients,
    /** The id of a new customer. */
    async addCustomer(): Promise<string> {
      const email = `${randomUUID()}@example.com`;
      const registration = { idempotencyKey: randomUUID(), email, password: 'correct horse', name: 'Ada' };
      const { user } = await clients.users.calls.createUser(registration, LIMITS);
      return z.string().parse(user?.id);
    },
    /** The id of a new product at 10.00 EUR. */
    async addProduct({ stock = 1_000_000 } = {}): Promise<string> {
      const { product } = await clients.products.calls.createProduct(
        {
          idempotencyKey: randomUUID(),
          sku: randomUUID(),
          name: 'Mug',
          description: '',
          category: '',
          price: { amountMinor: 1_000, currency: 'EUR' },
          stockQuantity: stock,
          imageUrl: '',
        },
        LIMITS,
      );
      return z.string().parse(product?.id);
    },
    /** Orders that were submitted so far. */
    async submissions(): Promise<number> {
      const [row] = await orders.sql<{ count: number }>('select count(*)::int as count from orders');
      return row?.count ?? 0;
    },
    /** The id of the order that was submitted last. */
    async newestOrder(): Promise<string> {
      const [row] = await orders.sql<{ id: string }>('select id from orders order by id desc limit 1');
      return row?.id ?? '';
    },
    /** The ids of the orders that are to be paid with this payment method. */
    async ordersPaidWith(paymentMethod: string): Promise<string[]> {
      const rows = await orders.sql<{ id: string }>('select id from orders where payment_method = $1', [paymentMethod]);
      return rows.map(({ id }) => id);
    },
    /** The record of an order, as orders keeps it. */
    async recordOf(orderId: string) {
      const { order } = await clients.orders.calls.getOrder({ orderId, userId: '' }, LIMITS);
      if (!order) throw new Error('An order was expected');
      return { ...order, statuses: order.history.map(({ status }) => status.replace('ORDER_STATUS_', '')) };
    },
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}
