import { randomUUID } from 'node:crypto';
import pg from 'pg';
import * as z from 'zod';
import { loadConfig } from '../../platform/config/load.ts';
import { providerConfig } from '../../simulators/payment-provider/config.ts';
import { startProvider } from '../../simulators/payment-provider/server.ts';
import { createDatabase } from '../../testkit/database.ts';

const charge = z.object({
  id: z.string(),
  status: z.string(),
  amount_minor: z.number(),
  captured_minor: z.number(),
  refunded_minor: z.number(),
  currency: z.string(),
  reference: z.string(),
  idempotency_key: z.string(),
  payment_method: z.object({ brand: z.string(), last_four: z.string() }),
  disputed: z.boolean(),
  refunds: z.array(z.object({ id: z.string(), amount_minor: z.number(), idempotency_key: z.string().nullable() })),
});
const entry = z.object({
  id: z.number(),
  kind: z.string(),
  charge_id: z.string(),
  refund_id: z.string().nullable(),
  amount_minor: z.number(),
  currency: z.string(),
  reference: z.string(),
});
const ledgerPage = z.object({ items: z.array(entry), next_cursor: z.string().nullable() });
const found = z.object({ charge: charge.nullable() });

export type LedgerEntry = z.infer<typeof entry>;
export type ChargeBody = { amount_minor: number; currency: string; token: string; reference: string; capture: boolean };

/** A charge of 10.00 EUR on a good card unless told. */
export function chargeBody(given: Partial<ChargeBody> = {}): ChargeBody {
  return { amount_minor: 1_000, currency: 'EUR', token: 'tok_ok', reference: randomUUID(), capture: true, ...given };
}

export type ProviderFixture = Awaited<ReturnType<typeof openProvider>>;

/** The real simulator on a database of its own, as an HTTP client sees it. */
export async function openProvider(environment: NodeJS.ProcessEnv = {}) {
  const database = await createDatabase('provider');
  const start = () =>
    startProvider(
      loadConfig(providerConfig, {
        PROVIDER_PORT: '0',
        PROVIDER_DATABASE_URL: database.url,
        LOG_LEVEL: 'fatal',
        ...environment,
      }),
    );
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  // Dropping the database may cut a connection that is still closing.
  pool.on('error', () => {});
  let running = await start();
  const url = () => `http://127.0.0.1:${running.listening.http}`;

  async function call(method: string, path: string, given: { key?: string; body?: unknown; signal?: AbortSignal } = {}) {
    const response = await fetch(`${url()}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(given.key === undefined ? {} : { 'idempotency-key': given.key }) },
      body: given.body === undefined ? null : JSON.stringify(given.body),
      signal: given.signal ?? null,
    });
    const text = await response.text();
    return {
      status: response.status,
      text,
      json: response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null,
    };
  }

  return {
    get url() {
      return url();
    },
    databaseUrl: database.url,
    ...booksOf(call),
    ...backOfficeOf(call),
    call,
    async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
      return (await pool.query<Row>(text, values)).rows;
    },
    charge(key: string, given: Partial<ChargeBody> = {}, signal?: AbortSignal) {
      return call('POST', '/v1/charges', { key, body: chargeBody(given), ...(signal ? { signal } : {}) });
    },
    refund(key: string, chargeId: string, amountMinor: number) {
      return call('POST', '/v1/refunds', { key, body: { charge_id: chargeId, amount_minor: amountMinor } });
    },
    cancel(key: string) {
      return call('POST', '/v1/cancellations', { body: { idempotency_key: key } });
    },
    async findByKey(key: string) {
      return found.parse((await call('GET', `/v1/charges?idempotency_key=${encodeURIComponent(key)}`)).json).charge;
    },
    async restart() {
      await running.stop();
      running = await start();
    },
    async close() {
      await running.stop();
      await pool.end();
      await database.drop();
    },
  };
}

type Call = (
  method: string,
  path: string,
  given?: { readonly body?: unknown },
) => Promise<{ readonly status: number; readonly text: string; readonly json: unknown }>;

function booksOf(call: Call) {
  async function ledgerPageAfter(since: string, limit: number) {
    return ledgerPage.parse((await call('GET', `/v1/ledger?since=${since}&limit=${limit}`)).json);
  }

  async function ledger(limit = 1_000): Promise<LedgerEntry[]> {
    const entries: LedgerEntry[] = [];
    for (let cursor: string | null = '0'; cursor !== null; ) {
      const page: z.infer<typeof ledgerPage> = await ledgerPageAfter(cursor, limit);
      entries.push(...page.items);
      cursor = page.next_cursor;
    }
    return entries;
  }

  return {
    ledger,
    ledgerPageAfter,
    /** The kinds of the entries of one reference, oldest first. */
    async kindsOf(reference: string): Promise<string[]> {
      return (await ledger()).filter((row) => row.reference === reference).map((row) => row.kind);
    },
    /** The entries of one reference, oldest first. */
    async entriesOf(reference: string): Promise<LedgerEntry[]> {
      return (await ledger()).filter((row) => row.reference === reference);
    },
  };
}

function backOfficeOf(call: Call) {
  return {
    /** Somebody refunds in the provider's back office; by default all that is left. */
    refundInBackOffice(chargeId: string, amountMinor?: number) {
      const body = amountMinor === undefined ? {} : { amount_minor: amountMinor };
      return call('POST', `/back-office/charges/${chargeId}/refund`, { body });
    },
    /** The customer disputes the charge. */
    dispute(chargeId: string) {
      return call('POST', `/back-office/charges/${chargeId}/dispute`);
    },
  };
}
