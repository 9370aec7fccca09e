import { createOrderLifeActivities } from '../activities/order-life.ts';
import { createOrdersActivities } from '../activities/orders.ts';
import { createPaymentsActivities } from '../activities/payments.ts';
import { createProductsActivities } from '../activities/products.ts';
import { createUsersActivities } from '../activities/users.ts';
import { createClient } from '../platform/rpc/client.ts';
import { OrdersServiceService } from '../proto/gen/shopfast/orders/v1/orders.ts';
import { PaymentsServiceService } from '../proto/gen/shopfast/payments/v1/payments.ts';
import { ProductsServiceService } from '../proto/gen/shopfast/products/v1/products.ts';
import { UsersServiceService } from '../proto/gen/shopfast/users/v1/users.ts';
import type { WorkerConfig } from './config.ts';

export type ServiceAddresses = Pick<WorkerConfig, 'USERS_ADDRESS' | 'PRODUCTS_ADDRESS' | 'ORDERS_ADDRESS' | 'PAYMENTS_ADDRESS'>;

/** One channel to each service, and the activities that call over it. */
export function connectToServices(addresses: ServiceAddresses) {
  const clients = {
    users: createClient(UsersServiceService, { target: addresses.USERS_ADDRESS }),
    products: createClient(ProductsServiceService, { target: addresses.PRODUCTS_ADDRESS }),
    orders: createClient(OrdersServiceService, { target: addresses.ORDERS_ADDRESS }),
    payments: createClient(PaymentsServiceService, { target: addresses.PAYMENTS_ADDRESS }),
  };
  return {
    clients,
    activities: {
      ...createUsersActivities(clients.users),
      ...createProductsActivities(clients.products),
      ...createOrdersActivities(clients.orders),
      ...createOrderLifeActivities(clients.orders),
      ...createPaymentsActivities(clients.payments),
    },
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}
