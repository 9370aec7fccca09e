/** The statements behind domain/stock.ts: the only writers of reserved_quantity and of an order's stock movements. */
import type { EntityManager, InferKyselyDB } from '@mikro-orm/postgresql';
import { type Kysely, sql } from 'kysely';
import type { ProductPriceSchema, ProductSchema, StockMovementSchema } from '../domain/product.ts';
import type { Line, ReservationLineSchema, ReservationSchema } from '../domain/reservation.ts';
import type { Stock } from '../domain/stock.ts';

type Tables = InferKyselyDB<
  | typeof ProductSchema
  | typeof ProductPriceSchema
  | typeof StockMovementSchema
  | typeof ReservationSchema
  | typeof ReservationLineSchema
>;

const tables = (em: EntityManager): Kysely<Tables> => em.getKysely<Tables>();

// The transaction's time, as in the columns that default to it.
const NOW = sql<Date>`now()`;

export const stock: Stock = {
  async pricesAsOf(em, productIds, asOf) {
    const rows = await tables(em)
      .selectFrom('product_prices')
      .distinctOn('product_id')
      .select(['product_id', 'price_minor', 'currency'])
      .where((eb) => eb('product_id', '=', eb.fn.any(uuids(productIds))))
      .orderBy('product_id')
      // The newest that is not later than asOf; without one, the first.
      .orderBy(sql`case when effective_from <= ${asOf} then effective_from end`, (order) => order.desc().nullsLast())
      .orderBy('effective_from')
      .execute();
    return new Map(rows.map((row) => [row.product_id, { priceMinor: Number(row.price_minor), currency: row.currency }]));
  },

  async hold(em, order) {
    return (await lockLines(em, order.lines)) ? reserve(em, order) : null;
  },

  giveBack: (em, orderIds, kind) => move(em, { kind, orderIds }),

  takeOut: (em, orderId) => move(em, { kind: 'commit', orderIds: [orderId] }),

  putBack: (em, { orderId, returnId, lines }) => move(em, { kind: 'return', orderIds: [orderId], back: { returnId, lines } }),
};

/**
 * Locks the products. Returns whether every line can be held.
 *
 * It locks in a separate statement before the write. A single statement that locks and writes would see the rows as they were
 * before it waited for the lock. It could then hold stock that is gone, and the table's CHECK would fail it.
 */
async function lockLines(em: EntityManager, lines: readonly Line[]): Promise<boolean> {
  const ids = lines.map(({ productId }) => productId);
  const locked = await tables(em)
    .selectFrom('products')
    .select(['id', 'active', 'stock_quantity', 'reserved_quantity'])
    .where((eb) => eb('id', '=', eb.fn.any(uuids(ids))))
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  const products = new Map(locked.map((product) => [product.id, product]));
  return lines.every(({ productId, quantity }) => {
    const product = products.get(productId);
    return product?.active === true && product.stock_quantity - product.reserved_quantity >= quantity;
  });
}

/** Makes the reservation. The products must be locked and have enough stock. Returns the time at which the hold expires. */
async function reserve(
  em: EntityManager,
  { orderId, lines, holdMs }: { readonly orderId: string; readonly lines: readonly Line[]; readonly holdMs: number },
): Promise<Date> {
  const { expires_at } = await tables(em)
    .with('wanted', (db) => db.selectFrom(rowsOf(lines)).select(['product_id', 'quantity']))
    .with('reserved', (db) =>
      db
        .insertInto('reservation_lines')
        .columns(['order_id', 'product_id', 'quantity'])
        .expression((eb) => eb.selectFrom('wanted').select([uuid(orderId).as('order_id'), 'product_id', 'quantity'])),
    )
    .with('changed', (db) =>
      db
        .updateTable('products as p')
        .from('wanted')
        .whereRef('p.id', '=', 'wanted.product_id')
        .set((eb) => ({
          reserved_quantity: eb('p.reserved_quantity', '+', eb.ref('wanted.quantity')),
          version: eb('p.version', '+', 1),
          updated_at: NOW,
        })),
    )
    .with('recorded', (db) =>
      db
        .insertInto('stock_movements')
        .columns(['order_id', 'product_id', 'kind', 'stock_delta', 'reserved_delta'])
        .expression((eb) =>
          eb
            .selectFrom('wanted')
            .select([
              uuid(orderId).as('order_id'),
              'product_id',
              eb.val('reserve').as('kind'),
              eb.lit(0).as('stock'),
              'quantity',
            ]),
        ),
    )
    .insertInto('reservations')
    .values({ order_id: orderId, state: 'held', expires_at: sql<Date>`now() + ${holdMs}::integer * interval '1 millisecond'` })
    .returning('expires_at')
    .executeTakeFirstOrThrow();
  return new Date(expires_at ?? Number.NaN);
}

// What one unit of a line does to its product.
const PER_UNIT = {
  release: { stock: 0, reserved: -1 },
  expire: { stock: 0, reserved: -1 },
  commit: { stock: -1, reserved: -1 },
  return: { stock: 1, reserved: 0 },
} as const;

/** Moves the stock of all lines of these orders, or, for a return, of the lines that came back of one. */
async function move(
  em: EntityManager,
  given: {
    readonly kind: keyof typeof PER_UNIT;
    readonly orderIds: readonly string[];
    readonly back?: { readonly returnId: string; readonly lines: readonly Line[] };
  },
): Promise<void> {
  const { kind, orderIds, back } = given;
  const perUnit = PER_UNIT[kind];
  const lines = tables(em)
    .selectFrom('reservation_lines as l')
    .where((eb) => eb('l.order_id', '=', eb.fn.any(uuids(orderIds))));
  await tables(em)
    .selectFrom('products')
    .select('id')
    .where('id', 'in', lines.select('l.product_id'))
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
  await tables(em)
    .with('moved', () =>
      back
        ? lines
            .innerJoin(rowsOf(back.lines), 'wanted.product_id', 'l.product_id')
            .select(['l.order_id', 'l.product_id', 'wanted.quantity'])
        : lines.select(['l.order_id', 'l.product_id', 'l.quantity']),
    )
    .with('units', (db) =>
      db
        .selectFrom('moved')
        .select((eb) => ['product_id', eb.fn.sum<number>('quantity').as('quantity')])
        .groupBy('product_id'),
    )
    .with('changed', (db) =>
      db
        .updateTable('products as p')
        .from('units')
        .whereRef('p.id', '=', 'units.product_id')
        .set((eb) => ({
          stock_quantity: eb('p.stock_quantity', '+', eb('units.quantity', '*', perUnit.stock)),
          reserved_quantity: eb('p.reserved_quantity', '+', eb('units.quantity', '*', perUnit.reserved)),
          version: eb('p.version', '+', 1),
          updated_at: NOW,
        })),
    )
    .insertInto('stock_movements')
    .columns(['product_id', 'kind', 'stock_delta', 'reserved_delta', 'order_id', 'return_id'])
    .expression((eb) =>
      eb
        .selectFrom('moved')
        .select((e) => [
          'product_id',
          e.val(kind).as('kind'),
          e('quantity', '*', perUnit.stock).as('stock_delta'),
          e('quantity', '*', perUnit.reserved).as('reserved_delta'),
          'order_id',
          sql<string | null>`${back?.returnId ?? null}::uuid`.as('return_id'),
        ]),
    )
    .execute();
}

/** The lines as rows. Two arrays, so that one prepared statement serves every number of lines. */
function rowsOf(lines: readonly Line[]) {
  const quantities = lines.map(({ quantity }) => quantity);
  const rows = sql<{
    product_id: string;
    quantity: number;
  }>`unnest(${uuids(lines.map(({ productId }) => productId))}, ${quantities}::integer[])`;
  return rows.as<'wanted'>(sql`wanted (product_id, quantity)`);
}

const uuid = (id: string) => sql<string>`${id}::uuid`;

const uuids = (ids: readonly string[]) => sql<string[]>`${ids}::uuid[]`;
