/** The books of each order, put together from the lists of effects of the services and of the provider. */
import type { UnaryCalls } from '../../platform/rpc/client.ts';
import type { Effect } from '../../proto/gen/shopfast/audit/v1/audit.ts';
import type { OrdersServiceService } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import type { PaymentsServiceService } from '../../proto/gen/shopfast/payments/v1/payments.ts';
import type { ProductsServiceService } from '../../proto/gen/shopfast/products/v1/products.ts';

export type OrderBooks = {
  readonly orderId: string;
  /** The order's statuses, oldest first; empty: orders does not know it. */
  statuses: string[];
  totalMinor: number | null;
  /** When orders heard of the delivery; null: it has not. */
  deliveredAtMs: number | null;
  /** Ids of its returns. */
  returnsRequested: string[];
  returnsCompleted: string[];
  returnsRestocked: string[];
  /** What its returns are worth. */
  requestedMinor: number;
  completedMinor: number;
  /** What became of its stock, oldest first: reserved, released, expired, committed, returned. */
  stock: string[];
  chargedMinor: number;
  refundedMinor: number;
  providerChargedMinor: number;
  providerRefundedMinor: number;
  /** Of the last thing that anybody did for it. */
  lastAtMs: number;
};

/** One line of the payment provider's own books; `reference` is the order. */
export type ProviderEntry = {
  readonly kind: string;
  readonly amountMinor: number;
  readonly reference: string;
  readonly at: Date;
};

export type Calls = {
  readonly products: Pick<UnaryCalls<ProductsServiceService>, 'listEffects'>;
  readonly orders: Pick<UnaryCalls<OrdersServiceService>, 'listEffects'>;
  readonly payments: Pick<UnaryCalls<PaymentsServiceService>, 'listEffects'>;
};

type Page = (
  request: { page: { since: undefined; pageSize: number; cursor: string } },
  limits: { deadlineMs: number },
) => Promise<{ effects: Effect[]; nextCursor: string }>;

// Any other kind is a newer service's, and for those who know it.
const STATUSES: ReadonlySet<string> = new Set([
  'SUBMITTED',
  'CREATED',
  'RESERVED',
  'PAID',
  'SHIPPED',
  'DELIVERED',
  'CANCELLED',
  'RETURNED',
]);

const STOCK_KINDS: ReadonlySet<string> = new Set(['reserved', 'released', 'expired', 'committed', 'returned']);

// The largest page that a service gives, and milliseconds for it.
const PAGE_SIZE = 1_000;
const PAGE_LIMIT_MS = 10_000;

/** `heard` is called for every page, so that a long reading is seen to be alive. */
export async function readBooks(
  calls: Calls,
  entries: AsyncIterable<ProviderEntry>,
  heard: () => void,
): Promise<Map<string, OrderBooks>> {
  const books = new Map<string, OrderBooks>();
  for await (const effect of effectsOf(calls.orders.listEffects, heard)) noteOrder(bookOf(books, effect), effect);
  for (const effect of await asWritten(effectsOf(calls.products.listEffects, heard))) noteStock(bookOf(books, effect), effect);
  for await (const effect of effectsOf(calls.payments.listEffects, heard)) notePayment(bookOf(books, effect), effect);
  for await (const entry of entries) noteEntry(bookOf(books, { orderId: entry.reference, at: entry.at }), entry);
  return books;
}

/**
 * By their numbers: a time is that of a transaction's begin, and a release that has waited for the reserve that it undoes may have
 * begun before it.
 */
async function asWritten(effects: AsyncIterable<Effect>): Promise<Effect[]> {
  const all: Effect[] = [];
  for await (const effect of effects) all.push(effect);
  return all.sort((a, b) => a.sequence - b.sequence);
}

async function* effectsOf(list: Page, heard: () => void): AsyncGenerator<Effect> {
  let cursor = '';
  do {
    const { effects, nextCursor } = await list(
      { page: { since: undefined, pageSize: PAGE_SIZE, cursor } },
      { deadlineMs: PAGE_LIMIT_MS },
    );
    yield* effects;
    heard();
    cursor = nextCursor;
  } while (cursor !== '');
}

function bookOf(books: Map<string, OrderBooks>, { orderId, at }: { orderId: string; at: Date | undefined }): OrderBooks {
  const book = books.get(orderId) ?? {
    orderId,
    statuses: [],
    totalMinor: null,
    deliveredAtMs: null,
    returnsRequested: [],
    returnsCompleted: [],
    returnsRestocked: [],
    requestedMinor: 0,
    completedMinor: 0,
    stock: [],
    chargedMinor: 0,
    refundedMinor: 0,
    providerChargedMinor: 0,
    providerRefundedMinor: 0,
    lastAtMs: 0,
  };
  book.lastAtMs = Math.max(book.lastAtMs, at?.getTime() ?? 0);
  books.set(orderId, book);
  return book;
}

function noteOrder(book: OrderBooks, { kind, amount, reference, at }: Effect): void {
  const minor = amount?.amountMinor ?? 0;
  if (kind === 'return_requested') {
    book.returnsRequested.push(reference);
    book.requestedMinor += minor;
  }
  if (kind === 'return_completed') {
    book.returnsCompleted.push(reference);
    book.completedMinor += minor;
  }
  if (!STATUSES.has(kind)) return;
  book.statuses.push(kind);
  book.totalMinor = amount?.amountMinor ?? book.totalMinor;
  if (kind === 'DELIVERED') book.deliveredAtMs = at?.getTime() ?? null;
}

function noteStock(book: OrderBooks, { kind, reference }: Effect): void {
  if (!STOCK_KINDS.has(kind)) return;
  book.stock.push(kind);
  if (kind === 'returned') book.returnsRestocked.push(reference);
}

function notePayment(book: OrderBooks, { kind, amount }: Effect): void {
  const minor = amount?.amountMinor ?? 0;
  if (kind === 'charged') book.chargedMinor += minor;
  if (kind === 'refunded') book.refundedMinor += minor;
}

function noteEntry(book: OrderBooks, { kind, amountMinor }: ProviderEntry): void {
  if (kind === 'capture') book.providerChargedMinor += amountMinor;
  if (kind === 'refund') book.providerRefundedMinor += amountMinor;
}
