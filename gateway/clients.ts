import { createGrpcClient } from '../platform/rpc/client.ts';
import { EventsServiceService } from '../proto/gen/shopfast/events/v1/events.ts';
import { OrdersServiceService } from '../proto/gen/shopfast/orders/v1/orders.ts';
import { PaymentsServiceService } from '../proto/gen/shopfast/payments/v1/payments.ts';
import { ProductsServiceService } from '../proto/gen/shopfast/products/v1/products.ts';
import { UsersServiceService } from '../proto/gen/shopfast/users/v1/users.ts';
import type { GatewayConfig } from './config.ts';

/** Milliseconds that a call may take, by what it is for. */
export const DEADLINES_MS = {
  /** Registering hashes a password with bcrypt, 0.3 s of one core each; several may queue. */
  register: 10_000,
  login: 5_000,
  profile: 5_000,
  browse: 3_000,
  administer: 5_000,
  /** Orders that does not answer must be a 503 in less than two seconds; the same key goes on later. */
  submit: 1_500,
  readOrder: 3_000,
  /** The record before an order's status, and once more when its saga has ended meanwhile; with PROGRESS_LIMIT_MS within 3 s. */
  statusOrder: 1_200,
  statusReread: 400,
  /** After a wait; with the submission and a wait of 25 s it stays within the 30 s of POST /orders. */
  rereadOrder: 1_500,
  /** An order is worth showing without the names of its products. */
  productNames: 500,
  keys: 1_500,
  /** Each part of an order's details beside the order; together with it within three seconds. */
  detailsOrder: 1_500,
  detailsPart: 1_000,
  /** Asks the payment provider. */
  payment: 5_000,
} as const;

export type Clients = ReturnType<typeof openClients>;

/** One channel to each service; events are served by orders. Connects on first use and again whenever a service comes back. */
export function openClients(config: GatewayConfig) {
  const users = createGrpcClient(UsersServiceService, config.USERS_ADDRESS);
  const products = createGrpcClient(ProductsServiceService, config.PRODUCTS_ADDRESS);
  const orders = createGrpcClient(OrdersServiceService, config.ORDERS_ADDRESS);
  const events = createGrpcClient(EventsServiceService, config.ORDERS_ADDRESS);
  const payments = createGrpcClient(PaymentsServiceService, config.PAYMENTS_ADDRESS);
  return {
    users,
    products,
    orders,
    events,
    payments,
    close() {
      for (const client of [users, products, orders, events, payments]) client.close();
    },
  };
}
