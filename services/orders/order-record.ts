import type { Sql } from '../../platform/persistence/sql.ts';
import type { Address, OrderStatus } from './entity.ts';
import type { Submission } from './repository.ts';

export type LineRecord = {
  readonly productId: string;
  readonly quantity: number;
  readonly unitPriceMinor?: number | null | undefined;
  readonly lineTotalMinor?: number | null | undefined;
};

export type ChangeRecord = {
  readonly status: OrderStatus;
  readonly at: Date;
  readonly reason: string;
  readonly actorId?: string | null | undefined;
  readonly note: string;
};

export type InterventionRecord = {
  readonly actorId: string;
  readonly action: 'retry' | 'resolve';
  readonly steps: string;
  readonly reason: string;
  readonly reference: string;
  readonly at: Date;
};

export type ReturnRecord = {
  readonly id: string;
  readonly actorId: string;
  readonly reason: string;
  readonly refundMinor: number;
  readonly lines: readonly { readonly productId: string; readonly quantity: number }[];
  readonly requestedAt: Date;
  /** Null: on its way. */
  readonly completedAt: Date | null;
};

/** An order as it is read: with all that belongs to it, of one instant. */
export type OrderRecord = {
  readonly id: string;
  readonly userId: string;
  readonly status: OrderStatus;
  readonly currency?: string | null | undefined;
  readonly subtotalMinor?: number | null | undefined;
  readonly taxMinor?: number | null | undefined;
  readonly shippingMinor?: number | null | undefined;
  readonly totalMinor?: number | null | undefined;
  readonly paymentMethod: string;
  readonly paymentId?: string | null | undefined;
  readonly shippingAddress?: Address | null | undefined;
  readonly failureStep?: string | null | undefined;
  readonly failureReason?: string | null | undefined;
  readonly failureFacts?: Readonly<Record<string, string>> | null | undefined;
  readonly carrier?: string | null | undefined;
  readonly trackingNumber?: string | null | undefined;
  readonly shippedAt?: Date | null | undefined;
  readonly deliveredAt?: Date | null | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly lines: readonly LineRecord[];
  readonly history: readonly ChangeRecord[];
  readonly interventions: readonly InterventionRecord[];
  readonly returns: readonly ReturnRecord[];
};

// Of a row of `orders`; `changes` is what its history is read from. Amounts as numbers: none is beyond 2^53 - 1.
const recordJson = (changes: string) => `json_build_object(
  'id', id, 'userId', user_id, 'status', status, 'currency', currency, 'subtotalMinor', subtotal_minor, 'taxMinor', tax_minor,
  'shippingMinor', shipping_minor, 'totalMinor', total_minor, 'paymentMethod', payment_method, 'paymentId', payment_id,
  'shippingAddress', shipping_address, 'failureStep', failure_step, 'failureReason', failure_reason,
  'failureFacts', failure_facts, 'carrier', carrier, 'trackingNumber', tracking_number, 'shippedAt', shipped_at,
  'deliveredAt', delivered_at, 'createdAt', created_at, 'updatedAt', updated_at,
  'lines', coalesce((
    select json_agg(json_build_object('productId', product_id, 'quantity', quantity, 'unitPriceMinor', unit_price_minor,
      'lineTotalMinor', line_total_minor) order by position)
    from order_lines where order_id = orders.id), '[]'),
  'history', coalesce((
    select json_agg(json_build_object('status', status, 'at', at, 'reason', reason, 'actorId', actor_id, 'note', note)
      order by sequence)
    from ${changes} where order_id = orders.id), '[]'),
  'interventions', coalesce((
    select json_agg(json_build_object('actorId', actor_id, 'action', action, 'steps', steps, 'reason', reason,
      'reference', reference, 'at', at) order by sequence)
    from order_interventions where order_id = orders.id), '[]'),
  'returns', coalesce((
    select json_agg(json_build_object('id', id, 'actorId', actor_id, 'reason', reason, 'refundMinor', refund_minor,
      'requestedAt', requested_at, 'completedAt', completed_at, 'lines', (
        select json_agg(json_build_object('productId', product_id, 'quantity', quantity) order by product_id)
        from return_lines where return_id = returns.id)) order by requested_at, id)
    from returns where order_id = orders.id), '[]')
)`;

const READ = `select ${recordJson('order_history')} as record from orders where id = $1::uuid and ($2::uuid is null or user_id = $2)`;

/**
 * The record as a statement leaves it whose effect is `done`, the order's row, and `noted`, the rows that it adds to the history:
 * a statement does not see its own changes.
 */
export const RECORD_AS_DONE = `(select ${recordJson('(table order_history union all table noted) as change')} from done as orders)`;

type Times = 'createdAt' | 'updatedAt' | 'shippedAt' | 'deliveredAt';
type InJson<T extends { readonly at: Date }> = Omit<T, 'at'> & { readonly at: string };
type Row = Omit<OrderRecord, Times | 'history' | 'interventions' | 'returns'> & {
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly shippedAt: string | null;
  readonly deliveredAt: string | null;
  readonly history: readonly InJson<ChangeRecord>[];
  readonly interventions: readonly InJson<InterventionRecord>[];
  readonly returns: readonly (Omit<ReturnRecord, 'requestedAt' | 'completedAt'> & {
    readonly requestedAt: string;
    readonly completedAt: string | null;
  })[];
};

/** A submission as it would be read at once. */
export function submittedRecord(id: string, submission: Submission, at: Date): OrderRecord {
  const { userId, lines, paymentMethod, shippingAddress } = submission;
  const history: ChangeRecord[] = [{ status: 'SUBMITTED', at, reason: '', note: '' }];
  const order = { id, userId, status: 'SUBMITTED', paymentMethod, shippingAddress, lines, history } as const;
  return { ...order, createdAt: at, updatedAt: at, interventions: [], returns: [] };
}

/** `userId`: an order of another user is not found. */
export async function readOrder(sql: Sql, { orderId, userId }: { orderId: string; userId?: string | undefined }) {
  const [row] = await sql.query<{ record: Row }>(READ, [orderId, userId ?? null]);
  return row && recordOf(row.record);
}

/** What RECORD_AS_DONE gives. */
export function recordAsDone(json: string): OrderRecord {
  const row: Row = JSON.parse(json);
  return recordOf(row);
}

function recordOf(row: Row): OrderRecord {
  const { createdAt, updatedAt, shippedAt, deliveredAt, history, interventions, returns, ...rest } = row;
  return {
    ...rest,
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
    shippedAt: dateOrNull(shippedAt),
    deliveredAt: dateOrNull(deliveredAt),
    history: history.map(withTime),
    interventions: interventions.map(withTime),
    returns: returns.map(({ requestedAt, completedAt, ...back }) => ({
      ...back,
      requestedAt: new Date(requestedAt),
      completedAt: dateOrNull(completedAt),
    })),
  };
}

function dateOrNull(time: string | null): Date | null {
  return time === null ? null : new Date(time);
}

function withTime<T extends { readonly at: string }>({ at, ...rest }: T) {
  return { ...rest, at: new Date(at) };
}
