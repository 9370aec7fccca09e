// The parts of the platform, in the order of what they need. A new part is a new row.
import type { AddressVariable, DatabaseVariable, PortVariable } from './config.ts';

export type Part = {
  readonly name: string;
  readonly script: string;
  /** Serves /health/ready, and all else that is HTTP. */
  readonly http: PortVariable;
  readonly grpc?: PortVariable;
  readonly database?: DatabaseVariable;
  /** A part is not started when this is set: it runs elsewhere. */
  readonly insteadOf?: AddressVariable | 'PROVIDER_URL';
  readonly after: readonly string[];
  /** Limit of its JavaScript heap. Without one Node takes what a large machine has before it collects. */
  readonly heapMib: number;
  /** Of each half of its young generation. Measured under load: 4 instead of 16 saves some 60 MiB and costs a tenth of its time. */
  readonly youngMib: number;
  /** Which of the platform's values it is given besides its own ports and database. Nobody gets another's secret. */
  readonly takes: readonly string[];
};

/** Others call it over gRPC, where `insteadOf` says. */
export type ServicePart = Part & { readonly grpc: PortVariable; readonly insteadOf: AddressVariable };

const TEMPORAL = [
  'TEMPORAL_ADDRESS',
  'TEMPORAL_NAMESPACE',
  'TEMPORAL_API_KEY',
  'TEMPORAL_TLS_CERT_FILE',
  'TEMPORAL_TLS_KEY_FILE',
];

const MAIL = ['SMTP_URL', 'MAIL_FROM', 'MAIL_SPOOL_DIR'];
const EVENTS = ['EVENT_RETRY_FIRST_MS', 'EVENT_RETRY_CAP_MS', 'EVENT_ATTEMPTS_MAX'];
const WEBHOOKS = 'WEBHOOK_PRIVATE_ADDRESSES';
// Shared by the payment provider, which signs its events, and the gateway, which takes them.
const PROVIDER_SECRET = ['PROVIDER_WEBHOOK_SECRET', 'PROVIDER_WEBHOOK_SECRET_FILE'];
const FRAUD = ['FRAUD_LIMIT', 'FRAUD_LARGE', 'FRAUD_SMALL', 'FRAUD_HOME_CURRENCY', 'FRAUD_SCORER_URL'];

export const SERVICES: readonly ServicePart[] = [
  {
    name: 'users',
    script: 'services/users/main.ts',
    heapMib: 192,
    youngMib: 4,
    http: 'USERS_HTTP_PORT',
    grpc: 'USERS_PORT',
    database: 'USERS_DATABASE_URL',
    insteadOf: 'USERS_ADDRESS',
    after: ['postgres'],
    takes: ['JWT_KEYS_FILE', 'USERS_SEED_FILE'],
  },
  {
    name: 'products',
    script: 'services/products/main.ts',
    heapMib: 192,
    youngMib: 4,
    http: 'PRODUCTS_HTTP_PORT',
    grpc: 'PRODUCTS_PORT',
    database: 'PRODUCTS_DATABASE_URL',
    insteadOf: 'PRODUCTS_ADDRESS',
    after: ['postgres'],
    takes: [],
  },
  {
    name: 'orders',
    script: 'services/orders/main.ts',
    heapMib: 192,
    youngMib: 4,
    http: 'ORDERS_HTTP_PORT',
    grpc: 'ORDERS_PORT',
    database: 'ORDERS_DATABASE_URL',
    insteadOf: 'ORDERS_ADDRESS',
    after: ['postgres'],
    takes: [],
  },
  {
    name: 'payments',
    script: 'services/payments/main.ts',
    heapMib: 192,
    youngMib: 4,
    http: 'PAYMENTS_HTTP_PORT',
    grpc: 'PAYMENTS_PORT',
    database: 'PAYMENTS_DATABASE_URL',
    insteadOf: 'PAYMENTS_ADDRESS',
    after: ['postgres'],
    takes: ['PROVIDER_URL', ...FRAUD],
  },
  {
    name: 'notifications',
    script: 'services/notifications/main.ts',
    heapMib: 192,
    youngMib: 4,
    http: 'NOTIFICATIONS_HTTP_PORT',
    grpc: 'NOTIFICATIONS_PORT',
    database: 'NOTIFICATIONS_DATABASE_URL',
    insteadOf: 'NOTIFICATIONS_ADDRESS',
    after: ['postgres'],
    takes: [...EVENTS, WEBHOOKS],
  },
];

const SERVICE_ADDRESSES = SERVICES.map(({ insteadOf }) => insteadOf);

export const PARTS: readonly Part[] = [
  {
    name: 'provider',
    script: 'simulators/payment-provider/main.ts',
    heapMib: 128,
    youngMib: 4,
    http: 'PROVIDER_PORT',
    database: 'PROVIDER_DATABASE_URL',
    insteadOf: 'PROVIDER_URL',
    after: ['postgres'],
    takes: ['PROVIDER_WEBHOOK_URL', ...PROVIDER_SECRET],
  },
  ...SERVICES,
  {
    name: 'worker',
    script: 'workers/main.ts',
    heapMib: 512,
    youngMib: 16,
    http: 'WORKER_HTTP_PORT',
    after: ['temporal', ...SERVICES.map(({ name }) => name)],
    takes: [...SERVICE_ADDRESSES, ...TEMPORAL, 'PROVIDER_URL', WEBHOOKS, ...MAIL],
  },
  {
    name: 'gateway',
    script: 'gateway/main.ts',
    heapMib: 256,
    youngMib: 4,
    http: 'GATEWAY_PORT',
    database: 'GATEWAY_DATABASE_URL',
    after: ['worker'],
    takes: [
      ...SERVICE_ADDRESSES,
      ...TEMPORAL,
      'GATEWAY_SEED_FILE',
      ...PROVIDER_SECRET,
      'ORDER_EVENT_STREAMS_MAX',
      'ORDER_EVENT_STREAMS_PER_USER_MAX',
    ],
  },
];

/** The name of a part's database and role: that of USERS_DATABASE_URL is users. */
export function databaseName(variable: DatabaseVariable): string {
  return variable.replace('_DATABASE_URL', '').toLowerCase();
}
