import { v7 as newId } from 'uuid';
import { evaluate } from '../../platform/audit/evaluate.ts';
import { onceAtOnce } from '../../platform/idempotency/at-once.ts';
import { once } from '../../platform/idempotency/once.ts';
import { claimWith, tombstone } from '../../platform/idempotency/record.ts';
import type { Database } from '../../platform/persistence/database.ts';
import {
  CancelOrderResponse,
  ConfirmOrderResponse,
  CreateOrderResponse,
  RecordInterventionResponse,
} from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { paidAtOnce, reservedAtOnce } from './at-once.ts';
import { RULES } from './audit.ts';
import type { ListOf } from './cursor.ts';
import { type EffectsPage, listEffects } from './effects.ts';
import { requireTransition } from './entity.ts';
import { linesDiffer, orderNotFound } from './errors.ts';
import { createFulfilment, type Keyed } from './fulfilment.ts';
import { totalsMessage } from './messages.ts';
import { listOrders } from './order-list.ts';
import { type OrderRecord, readOrder, recordAsDone, submittedRecord } from './order-record.ts';
import {
  cancelOrder,
  type Failure,
  type Intervention,
  interventionNoted,
  lockOrder,
  lockOrderWithLines,
  orderInserted,
  payOrder,
  reserveOrder,
  type Submission,
  type SubmittedLine,
} from './repository.ts';
import { createReturns } from './returns.ts';
import { type Charges, type PricedLine, totalsOf } from './totals.ts';

export type Orders = ReturnType<typeof createOrders>;

/** The use cases. Each one that changes something is one transaction with the record of its key. */
export function createOrders(database: Database, charges: Charges) {
  async function get(orderId: string, userId?: string): Promise<OrderRecord> {
    const order = await readOrder(database.sql, { orderId, userId });
    if (!order) throw orderNotFound(orderId);
    return order;
  }

  return {
    get,

    ...createFulfilment(database),
    ...createReturns(database),

    audit: () => evaluate(database, RULES),

    listEffects: (page: EffectsPage) => listEffects(database.sql, page),

    list: (list: ListOf, page: { size: number; cursor: string }) => listOrders(database, list, page),

    async submit(keyed: Keyed, submission: Submission): Promise<{ order: OrderRecord; replayed: boolean }> {
      const id = newId();
      // A submission is answered with the order as it is now, so only its id is kept under the key. A new one needs no reading.
      const operation = { ...keyed, operation: 'SubmitOrder', answer: Buffer.from(id) };
      const claimed = await claimWith(database.sql, operation, orderInserted(id, submission));
      if (claimed.state === 'completed') return { order: await get(claimed.response.toString()), replayed: true };
      return { order: submittedRecord(id, submission, new Date(Number(claimed.returned))), replayed: false };
    },

    /** Saga step 3. The totals are computed here from the prices given, and from nothing else. */
    async create(keyed: Keyed, orderId: string, lines: readonly PricedLine[]): Promise<CreateOrderResponse> {
      // A matter of the request alone, so it is known, or refused, before anything is touched.
      const totals = totalsOf(lines, charges);
      const known = { totals: totalsMessage(totals) };
      const operation = { ...keyed, operation: 'CreateOrder', response: CreateOrderResponse, known };
      const usual = reservedAtOnce({ orderId, lines, totals });
      const { response } = await onceAtOnce(database, operation, usual, async ({ sql }) => {
        const order = await lockOrderWithLines(sql, orderId);
        if (!order) throw orderNotFound(orderId);
        requireTransition(order.status, 'CREATED');
        requireSameLines(order.lines, lines);
        await reserveOrder(sql, { orderId, lines, totals });
        return known;
      });
      return response;
    },

    /** Saga step 5. Answered with the order as it is now, so nothing is kept under the key but that it was done. */
    async confirm(keyed: Keyed, orderId: string, paymentId: string): Promise<OrderRecord> {
      const operation = { ...keyed, operation: 'ConfirmOrder', response: ConfirmOrderResponse, known: { order: undefined } };
      const usual = paidAtOnce(orderId, paymentId);
      const { returned } = await onceAtOnce(database, operation, usual, async ({ sql }) => {
        const status = await lockOrder(sql, orderId);
        if (!status) throw orderNotFound(orderId);
        requireTransition(status, 'PAID');
        await payOrder(sql, orderId, paymentId);
        return {};
      });
      return returned ? recordAsDone(returned) : get(orderId);
    },

    /** The undo of submission and CreateOrder: from now on a late CreateOrder is refused. The first reason stays (OR3). */
    async cancel(keyed: Keyed, cancellation: Cancellation): Promise<CancelOrderResponse> {
      const operation = { ...keyed, operation: 'CancelOrder', response: CancelOrderResponse, known: {} };
      const { response } = await once(database, operation, async ({ sql }) => {
        // Before the order is locked, as CreateOrder does it: a CreateOrder at work is waited for, never deadlocked with.
        await tombstone(sql, cancellation.undoesKey, 'CreateOrder');
        if (await cancelOrder(sql, cancellation)) return {};
        const status = await lockOrder(sql, cancellation.orderId);
        if (!status) throw orderNotFound(cancellation.orderId);
        if (status !== 'CANCELLED') requireTransition(status, 'CANCELLED');
        return {};
      });
      return response;
    },

    async recordIntervention(keyed: Keyed, intervention: Intervention): Promise<RecordInterventionResponse> {
      const operation = { ...keyed, operation: 'RecordIntervention', response: RecordInterventionResponse, known: {} };
      const { response } = await once(database, operation, async ({ sql }) => {
        if (!(await interventionNoted(sql, intervention))) throw orderNotFound(intervention.orderId);
        return {};
      });
      return response;
    },
  };
}

export type Cancellation = Failure & {
  readonly orderId: string;
  /** The key of the CreateOrder that is undone. */
  readonly undoesKey: string;
};

/** Throws FAILED_PRECONDITION validation_failed unless both are the same products in the same quantities. */
function requireSameLines(submitted: readonly SubmittedLine[], priced: readonly SubmittedLine[]): void {
  const expected = new Map(submitted.map((line) => [line.productId, line.quantity]));
  for (const { productId, quantity } of priced) {
    if (expected.get(productId) !== quantity) throw linesDiffer(productId);
    // A product given twice differs as well.
    expected.delete(productId);
  }
  for (const missing of expected.keys()) throw linesDiffer(missing);
}
