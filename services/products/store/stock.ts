/** The statements behind domain/stock.ts: the only writers of reserved_quantity and of an order's stock movements. */
import type { EntityManager, InferKyselyDB } from '@mikro-orm/postgresql';
import { type Kysely, sql } from 'kysely';
import type { ProductSchema, StockMovementSchema } from '../domain/product.ts';
import type { Line, ReservationLineSchema, ReservationSchema } from '../domain/reservation.ts';
import type { Stock } from '../domain/stock.ts';

type Tables = InferKyselyDB<
  typeof ProductSchema | typeof StockMovementSchema | typeof ReservationSchema | typeof ReservationLineSchema
>;

// The transaction's time, as the columns that default to it.
const NOW = sql<Date>`now()`;

const tables = (em: EntityManager): Kysely<Tables> => em.getKysely<Tables>();

/** The lines as rows (product_id, quantity, position). Two arrays, so that every number of lines is one prepared statement. */
function rowsOf(lines: readonly Line[]) {
  const ids = lines.map(({ productId }) => productId);
  const quantities = lines.map(({ quantity }) => quantity);
  return sql<{
    product_id: string;
    quantity: number;
    position: number;
  }>`unnest(${ids}::uuid[], ${quantities}::integer[]) with ordinality`.as<'wanted'>(sql`wanted (product_id, quantity, position)`);
}

export const stock: Stock = {
  async hold(em, { orderId, lines, holdMs }) {
    const held = await tables(em)
      .with(
        (cte) => cte('locked').materialized(),
        (db) =>
          db
            .selectFrom('products as p')
            .innerJoin(rowsOf(lines), 'wanted.product_id', 'p.id')
            .select(['p.id', 'p.active', 'p.price_minor', 'p.currency', 'wanted.quantity', 'wanted.position'])
            .select((eb) => eb('p.stock_quantity', '-', eb.ref('p.reserved_quantity')).as('available'))
            .orderBy('p.id')
            .forNoKeyUpdate(['p']),
      )
      // One row when every line can be held, none otherwise: what follows happens for all lines or for none.
      .with(
        (cte) => cte('granted').materialized(),
        (db) =>
          db
            .selectFrom('locked')
            .select(sql<string>`${orderId}::uuid`.as('order_id'))
            .having((eb) => eb.fn.countAll(), '=', lines.length)
            .having(sql<boolean>`bool_and(active and available >= quantity)`)
            .having((eb) => eb.fn.count('currency').distinct(), '=', 1),
      )
      .with('hold', (db) =>
        db
          .insertInto('reservations')
          .columns(['order_id', 'state', 'expires_at'])
          .expression((eb) =>
            eb
              .selectFrom('granted')
              .select([
                'order_id',
                eb.val('held').as('state'),
                sql<Date>`now() + ${holdMs}::integer * interval '1 millisecond'`.as('expires_at'),
              ]),
          )
          .returning('expires_at'),
      )
      .with('lines', (db) =>
        db
          .insertInto('reservation_lines')
          .columns(['order_id', 'product_id', 'quantity'])
          .expression((eb) => eb.selectFrom(['locked', 'granted']).select(['order_id', 'id', 'quantity'])),
      )
      .with('taken', (db) =>
        db
          .updateTable('products as p')
          .from(['locked', 'granted'])
          .whereRef('p.id', '=', 'locked.id')
          .set((eb) => ({
            reserved_quantity: eb('p.reserved_quantity', '+', eb.ref('locked.quantity')),
            version: eb('p.version', '+', 1),
            updated_at: NOW,
          })),
      )
      .with('moved', (db) =>
        db
          .insertInto('stock_movements')
          .columns(['product_id', 'kind', 'stock_delta', 'reserved_delta', 'order_id'])
          .expression((eb) =>
            eb
              .selectFrom(['locked', 'granted'])
              .select(['id', eb.val('reserve').as('kind'), eb.lit(0).as('stock_delta'), 'quantity', 'order_id']),
          ),
      )
      .selectFrom(['locked', 'hold'])
      .select(['locked.id', 'locked.quantity', 'locked.price_minor', 'locked.currency', 'hold.expires_at'])
      .orderBy('locked.position')
      .execute();
    const [first] = held;
    if (!first?.expires_at) return null;
    return {
      lines: held.map(({ id, quantity, price_minor, currency }) => ({
        productId: id,
        quantity,
        priceMinor: Number(price_minor),
        currency,
      })),
      expiresAt: new Date(first.expires_at),
    };
  },

  giveBack: (em, orderIds, kind) => move(em, { kind, orderIds }),

  takeOut: (em, orderId) => move(em, { kind: 'commit', orderIds: [orderId] }),

  putBack: (em, { orderId, returnId, lines }) => move(em, { kind: 'return', orderIds: [orderId], back: { returnId, lines } }),
};

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
    .where((eb) => eb('l.order_id', '=', eb.fn.any(sql<string[]>`${orderIds}::uuid[]`)));
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
    .with(
      (cte) => cte('locked').materialized(),
      (db) =>
        db
          .selectFrom('products as p')
          .innerJoin('units', 'units.product_id', 'p.id')
          .select(['p.id', 'units.quantity'])
          .orderBy('p.id')
          .forNoKeyUpdate(['p']),
    )
    .with('changed', (db) =>
      db
        .updateTable('products as p')
        .from('locked')
        .whereRef('p.id', '=', 'locked.id')
        .set((eb) => ({
          stock_quantity: eb('p.stock_quantity', '+', eb('locked.quantity', '*', perUnit.stock)),
          reserved_quantity: eb('p.reserved_quantity', '+', eb('locked.quantity', '*', perUnit.reserved)),
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
