import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { stepKey, undoKey } from '../../contracts/ids.ts';
import { loadConfig } from '../../platform/config/load.ts';
import { createClient } from '../../platform/rpc/client.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import {
  type Payment,
  PaymentsServiceService,
  type ProcessPaymentRequest,
  type RefundPaymentRequest,
} from '../../proto/gen/shopfast/payments/v1/payments.ts';
import { paymentsConfig } from '../../services/payments/config.ts';
import type { PaymentProvider } from '../../services/payments/domain/provider.ts';
import { httpProvider } from '../../services/payments/provider/http-provider.ts';
import { startPayments } from '../../services/payments/server.ts';
import { createDatabase } from '../../testkit/database.ts';
import type { Disturb } from './payments-disturbed.ts';
import { openProvider, type ProviderFixture } from './provider-fixture.ts';

export const LIMITS = { deadlineMs: 10_000 };
// Milliseconds that a silent provider is waited for; the lease is longer by its margin.
const SILENCE_MS = 300;

export type PaymentsFixture = Awaited<ReturnType<typeof openPayments>>;
export type PaymentsInstance = Awaited<ReturnType<PaymentsFixture['start']>>;

/** The real service on a database of its own, charging at the real provider simulator. */
export async function openPayments() {
  const provider = await openProvider();
  const database = await createDatabase('payments');
  const pool = new pg.Pool({ connectionString: database.url, max: 2 });
  // Dropping the database may cut a connection that is still closing.
  pool.on('error', () => {});
  const instances: { close(): Promise<void> }[] = [];

  const real = patientProvider(provider.url);

  /** An instance of the service; `disturb` puts something between it and the provider, `environment` configures it. */
  async function start(disturb: Disturb = (undisturbed) => undisturbed, environment: NodeJS.ProcessEnv = {}) {
    const config = loadConfig(paymentsConfig, {
      PAYMENTS_PORT: '0',
      PAYMENTS_HTTP_PORT: '0',
      PAYMENTS_DATABASE_URL: database.url,
      PROVIDER_URL: provider.url,
      LOG_LEVEL: 'fatal',
      ...environment,
    });
    const running = await startPayments(config, disturb(real));
    const address = `127.0.0.1:${running.listening.grpc}`;
    const [client, outbox] = [
      createClient(PaymentsServiceService, { target: address }),
      createClient(OutboxServiceService, { target: address }),
    ];
    const instance = {
      ...client.calls,
      outbox: outbox.calls,
      httpPort: running.listening.http ?? 0,
      async close() {
        client.close();
        outbox.close();
        await running.stop();
      },
    };
    instances.push(instance);
    return instance;
  }
  return {
    provider,
    url: database.url,
    start,
    async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
      return (await pool.query<Row>(text, values)).rows;
    },
    /** A connection of one's own, for a transaction; to be released. */
    connect: () => pool.connect(),
    /** The statuses that the order's payment went through, oldest first. */
    async history(orderId: string): Promise<string[]> {
      const { rows } = await pool.query<{ status: string }>(
        `select history.status from payment_history history join payments on payments.id = history.payment_id
         where payments.order_id = $1 order by history.id`,
        [orderId],
      );
      return rows.map((row) => row.status);
    },
    /** Makes every lease run out, as time does when its owner is gone. */
    async expireLeases() {
      await pool.query(`update idempotency set locked_until = now() - interval '1 second' where state = 'in_progress'`);
    },
    /** What the provider took and gave back for the order, in its own books. */
    async entriesOf(orderId: string): Promise<[kind: string, amountMinor: number][]> {
      return (await provider.entriesOf(orderId)).map(({ kind, amount_minor }) => [kind, amount_minor]);
    },
    /** The provider's books as ours say they must be, and as they are: one line for every movement of money. */
    books: async () => ({ ours: await ourBooks(pool), theirs: await theirBooks(provider) }),
    takeDatabaseAway: database.takeAway,
    async close() {
      for (const instance of instances) await instance.close();
      await pool.end();
      await database.drop();
      await provider.close();
    },
  };
}

/** Patient with every call but those that stay silent, so that a busy machine makes no difference. */
function patientProvider(url: string): PaymentProvider {
  const patient = httpProvider({ url });
  const impatient = httpProvider({ url, deadlineMs: SILENCE_MS });
  const asked = new Set<string>();
  return {
    ...patient,
    deadlineMs: SILENCE_MS,
    charge(request) {
      const silent = request.token === 'tok_timeout_after_charge' && !asked.has(request.key);
      asked.add(request.key);
      return (silent ? impatient : patient).charge(request);
    },
  };
}

async function ourBooks(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `select format('%s %s %s %s', kind, provider_reference, amount_minor, order_id) as line from (
       select unnest(array['charge', 'capture']) as kind, provider_reference, captured_minor as amount_minor, order_id
       from payments where captured_minor > 0
       union all
       select 'refund', refunds.provider_reference, refunds.amount_minor, order_id
       from refunds join payments on payments.id = refunds.payment_id
       where refunds.status <> 'FAILED' and paid_by <> 'outside') as movements`,
  );
  return rows.map((row) => row.line).toSorted();
}

async function theirBooks(provider: ProviderFixture): Promise<string[]> {
  const entries = await provider.ledger();
  return entries
    .map((entry) => `${entry.kind} ${entry.refund_id ?? entry.charge_id} ${entry.amount_minor} ${entry.reference}`)
    .toSorted();
}

export function payment(given: Partial<ProcessPaymentRequest> = {}): ProcessPaymentRequest {
  const orderId = given.orderId ?? randomUUID();
  return {
    idempotencyKey: stepKey(orderId, 'pay'),
    orderId,
    userId: randomUUID(),
    amount: { amountMinor: 2_599, currency: 'EUR' },
    paymentMethod: 'tok_ok',
    ...given,
  };
}

export function undoOf({ orderId, idempotencyKey }: ProcessPaymentRequest): RefundPaymentRequest {
  return {
    idempotencyKey: undoKey(orderId, 'pay'),
    orderId,
    amount: undefined,
    undoesKey: idempotencyKey,
    reason: 'insufficient_stock',
  };
}

export function refundOf({ orderId }: ProcessPaymentRequest, amountMinor?: number): RefundPaymentRequest {
  return {
    idempotencyKey: `saga:${orderId}:return:${randomUUID()}:refund`,
    orderId,
    amount: amountMinor === undefined ? undefined : { amountMinor, currency: 'EUR' },
    undoesKey: '',
    reason: 'return',
  };
}

export async function read(service: Pick<PaymentsInstance, 'getPayment'>, orderId: string): Promise<Payment> {
  const { payment: found } = await service.getPayment({ by: { $case: 'orderId', value: orderId } }, LIMITS);
  if (!found) throw new Error('A payment was expected');
  return found;
}

/** The audit's rules that something violates, each with its examples. */
export async function violated(service: Pick<PaymentsInstance, 'audit'>): Promise<Record<string, string[]>> {
  const { findings } = await service.audit({}, LIMITS);
  if (findings.every(({ checked }) => checked === 0)) throw new Error('The audit looked at nothing');
  return Object.fromEntries(findings.filter((one) => one.violations > 0).map((one) => [one.rule, one.examples]));
}

/** The provider's entries of an order that was charged, and of one that got it all back. */
export const CHARGED: readonly [kind: string, amountMinor: number][] = [
  ['charge', 2_599],
  ['capture', 2_599],
];
export const GIVEN_BACK: typeof CHARGED = [...CHARGED, ['refund', 2_599]];

/** A charge that happened and that the service does not know of. */
export async function chargedUnknown(service: Pick<PaymentsInstance, 'processPayment'>): Promise<ProcessPaymentRequest> {
  const request = payment({ paymentMethod: 'tok_timeout_after_charge' });
  const unknown = await failure(service.processPayment(request, LIMITS));
  if (unknown.code !== 'UNAVAILABLE') throw unknown;
  return request;
}

/** What a call failed with; fails when it did not. */
export async function failure(call: Promise<unknown>): Promise<StatusError> {
  const error: unknown = await call.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(error instanceof StatusError)) throw new Error('The call should have failed', { cause: error });
  return error;
}
