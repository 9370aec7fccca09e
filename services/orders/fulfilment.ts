/** What becomes of a paid order, and the moves that are asked for by the name of a status. */
import { type Codec, once } from '../../platform/idempotency/once.ts';
import type { Database, Transaction } from '../../platform/persistence/database.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import { DeliverOrderResponse, ShipOrderResponse, UpdateOrderStatusResponse } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { MOVES_BY_NAME, type MoveByName, type OrderStatus, requireTransition } from './entity.ts';
import { deliveredTooEarly, deliveredTooLate, needsData, orderNotFound, reasonMissing } from './errors.ts';
import { cancelOrder, deliverOrder, lockOrder, moveOrder, placeInTime, shipOrder } from './repository.ts';

/** The caller's key and the hash of what was asked under it. */
export type Keyed = { readonly key: string; readonly requestHash: Buffer };

export type Dispatch = {
  readonly orderId: string;
  readonly carrier: string;
  readonly trackingNumber: string;
  readonly actorId: string | null;
};

/** `deliveredAt` absent: now. */
export type Delivery = { readonly orderId: string; readonly deliveredAt?: Date | undefined; readonly actorId: string | null };

/** `reason` may be empty, except for CANCELLED. */
export type StatusMove = { readonly orderId: string; readonly status: OrderStatus; readonly reason: string };

export type Fulfilment = ReturnType<typeof createFulfilment>;

export function createFulfilment(database: Database) {
  /** One locked order moves once per key. The response says nothing, so it is known beforehand. */
  async function moveOnce<Response extends object>(
    operation: Keyed & { readonly operation: string; readonly response: Codec<Response>; readonly known: Response },
    { orderId, status }: { readonly orderId: string; readonly status: OrderStatus },
    effect: (sql: Sql) => Promise<void>,
  ): Promise<Response> {
    const { response } = await once(database, operation, async ({ sql }: Transaction) => {
      const current = await lockOrder(sql, orderId);
      if (!current) throw orderNotFound(orderId);
      requireTransition(current, status);
      await effect(sql);
      return operation.known;
    });
    return response;
  }

  return {
    ship(keyed: Keyed, dispatch: Dispatch): Promise<ShipOrderResponse> {
      const operation = { ...keyed, operation: 'ShipOrder', response: ShipOrderResponse, known: {} };
      return moveOnce(operation, { ...dispatch, status: 'SHIPPED' }, (sql) => shipOrder(sql, dispatch));
    },

    /** Throws INVALID_ARGUMENT for a time before the order was shipped or in the future. */
    deliver(keyed: Keyed, delivery: Delivery): Promise<DeliverOrderResponse> {
      const operation = { ...keyed, operation: 'DeliverOrder', response: DeliverOrderResponse, known: {} };
      return moveOnce(operation, { ...delivery, status: 'DELIVERED' }, (sql) => deliver(sql, delivery));
    },

    /** Throws INVALID_ARGUMENT for a status that is reached by a call of its own, whatever the order's status is. */
    async updateStatus(keyed: Keyed, move: StatusMove): Promise<UpdateOrderStatusResponse> {
      const by = MOVES_BY_NAME[move.status];
      if (by.call !== null) throw needsData(move.status, by.call);
      if (by.needsReason && move.reason === '') throw reasonMissing(move.status);
      const operation = { ...keyed, operation: 'UpdateOrderStatus', response: UpdateOrderStatusResponse, known: {} };
      return moveOnce(operation, move, (sql) => EFFECTS[by.effect](sql, move));
    },
  };
}

const EFFECTS: Readonly<Record<MoveByName['effect'], (sql: Sql, move: StatusMove) => Promise<void>>> = {
  move: moveOrder,
  deliver: (sql, { orderId, reason }) => deliver(sql, { orderId, actorId: null }, reason),
  async cancel(sql, { orderId, reason }) {
    await cancelOrder(sql, { orderId, reason, failedStep: null, facts: {}, actorId: null, note: '' });
  },
};

/** Delivers a locked, SHIPPED order. Both limits are the database's: no client's clock decides. */
async function deliver(sql: Sql, { orderId, deliveredAt, actorId }: Delivery, reason = ''): Promise<void> {
  if (deliveredAt) {
    const { afterShipping, past } = await placeInTime(sql, orderId, deliveredAt);
    if (!afterShipping) throw deliveredTooEarly();
    if (!past) throw deliveredTooLate();
  }
  await deliverOrder(sql, { orderId, deliveredAt, reason, actorId });
}
