import { createClient } from '../platform/rpc/client.ts';
import { NotificationsServiceService } from '../proto/gen/shopfast/notifications/v1/notifications.ts';
import { OrdersServiceService } from '../proto/gen/shopfast/orders/v1/orders.ts';
import { PaymentsServiceService } from '../proto/gen/shopfast/payments/v1/payments.ts';
import { ProductsServiceService } from '../proto/gen/shopfast/products/v1/products.ts';
import { UsersServiceService } from '../proto/gen/shopfast/users/v1/users.ts';
import type { GatewayConfig } from './config.ts';

export type Clients = ReturnType<typeof openClients>;

/** One channel to each service. Connects on first use and again whenever a service comes back. */
export function openClients(config: GatewayConfig) {
  const clients = {
    users: createClient(UsersServiceService, { target: config.USERS_ADDRESS }),
    products: createClient(ProductsServiceService, { target: config.PRODUCTS_ADDRESS }),
    orders: createClient(OrdersServiceService, { target: config.ORDERS_ADDRESS }),
    payments: createClient(PaymentsServiceService, { target: config.PAYMENTS_ADDRESS }),
    notifications: createClient(NotificationsServiceService, { target: config.NOTIFICATIONS_ADDRESS }),
  };
  return {
    ...clients,
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}
