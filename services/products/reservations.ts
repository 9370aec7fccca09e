import { LockMode } from '@mikro-orm/core';
import { onceAtOnce } from '../../platform/idempotency/at-once.ts';
import { once } from '../../platform/idempotency/once.ts';
import { hashRequest, tombstone } from '../../platform/idempotency/record.ts';
import type { Database } from '../../platform/persistence/database.ts';
import { violatedUnique } from '../../platform/persistence/retry.ts';
import type { Sql } from '../../platform/persistence/sql.ts';
import {
  CommitReservationRequest,
  CommitReservationResponse,
  ConfirmReservationRequest,
  ConfirmReservationResponse,
  ExtendReservationRequest,
  ExtendReservationResponse,
  type PricedLine,
  ReleaseInventoryRequest,
  ReleaseInventoryResponse,
  ReserveInventoryRequest,
  type ReserveInventoryResponse,
  RestockReturnRequest,
  RestockReturnResponse,
} from '../../proto/gen/shopfast/products/v1/products.ts';
import { confirmedAtOnce, heldAtOnce, storedReserve } from './at-once.ts';
import { Reservation } from './entity.ts';
import {
  alreadyReserved,
  holdExpired,
  illegalTransition,
  insufficientStock,
  mixedCurrencies,
  productInactive,
  productUnknown,
  returnExceedsOrder,
  returnIdTaken,
} from './errors.ts';
import { type CheckedLine, confirmHold, extendHold, giveBack, putBack, reserve, takeOut, type WantedLine } from './repository.ts';

export type Reservations = ReturnType<typeof createReservations>;

/**
 * R1 All lines of an order are reserved, or none.
 * R2 No oversell: reserved never exceeds stock, whatever runs at once. No undersell: what is available is sold.
 * R3 A reservation ends once, and what it took is given back at most once.
 * R4 A release wins over the reserve that it undoes, in whichever order they arrive.
 */
export function createReservations(database: Database, { ttlMs }: { readonly ttlMs: number }) {
  return {
    /** `lines` name each product once. */
    async reserve(request: ReserveInventoryRequest, lines: readonly WantedLine[]): Promise<ReserveInventoryResponse> {
      const operation = {
        operation: 'ReserveInventory',
        key: request.idempotencyKey,
        requestHash: hashRequest(ReserveInventoryRequest.encode(request).finish()),
        response: storedReserve,
      };
      const order = { orderId: request.orderId, lines, ttlMs };
      const { response } = await onceAtOnce(database, operation, heldAtOnce(order), async ({ sql }) => {
        const taken = await reserveOnce(sql, order);
        if (!taken.expiresAt) throw refusal(taken.lines);
        return { lines: taken.lines.map(priced), expiresAt: taken.expiresAt };
      });
      return response;
    },

    /** The undo of a reserve: succeeds when there is nothing to undo. Refused once the stock was shipped. */
    async release(request: ReleaseInventoryRequest): Promise<ReleaseInventoryResponse> {
      const operation = {
        operation: 'ReleaseInventory',
        key: request.idempotencyKey,
        requestHash: hashRequest(ReleaseInventoryRequest.encode(request).finish()),
        response: ReleaseInventoryResponse,
      };
      const { orderId, undoesKey } = request;
      const { response } = await once(database, operation, async ({ em, sql }) => {
        // R4: waits for a reserve that is at work now; what it took is found below. One that comes later is refused.
        await tombstone(sql, undoesKey, 'ReserveInventory');
        const reservation = await em.findOne(Reservation, { orderId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
        const released = reservation?.release() ?? false;
        if (released) await giveBack(sql, [orderId], 'release');
        return { released };
      });
      return response;
    },

    async confirm(request: ConfirmReservationRequest): Promise<ConfirmReservationResponse> {
      const operation = {
        operation: 'ConfirmReservation',
        key: request.idempotencyKey,
        requestHash: hashRequest(ConfirmReservationRequest.encode(request).finish()),
        response: ConfirmReservationResponse,
        known: {},
      };
      const { orderId } = request;
      const { response } = await onceAtOnce(database, operation, confirmedAtOnce(orderId), async ({ em, sql }) => {
        if (await confirmHold(sql, orderId)) return {};
        const reservation = await em.findOne(Reservation, { orderId });
        if (!reservation) throw holdExpired(orderId, 'absent');
        reservation.requireKept();
        return {};
      });
      return response;
    },

    /** A live hold lives its whole time again from now. Only a hold can be extended: what is paid has no end. */
    async extend(request: ExtendReservationRequest): Promise<ExtendReservationResponse> {
      const operation = {
        operation: 'ExtendReservation',
        key: request.idempotencyKey,
        requestHash: hashRequest(ExtendReservationRequest.encode(request).finish()),
        response: ExtendReservationResponse,
      };
      const { orderId } = request;
      const { response } = await once(database, operation, async ({ em, sql }) => {
        const expiresAt = await extendHold(sql, orderId, ttlMs);
        if (expiresAt) return { expiresAt };
        const reservation = await em.findOne(Reservation, { orderId });
        throw holdExpired(orderId, reservation?.stateNow() ?? 'absent');
      });
      return response;
    },

    /** Shipped: stock and reservation fall together, and the ledger says so. */
    async commit(request: CommitReservationRequest): Promise<CommitReservationResponse> {
      const operation = {
        operation: 'CommitReservation',
        key: request.idempotencyKey,
        requestHash: hashRequest(CommitReservationRequest.encode(request).finish()),
        response: CommitReservationResponse,
        known: {},
      };
      const { orderId } = request;
      const { response } = await once(database, operation, async ({ em, sql }) => {
        const reservation = await em.findOne(Reservation, { orderId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
        if (!reservation) throw illegalTransition(orderId, { current: 'absent', attempted: 'committed' });
        if (reservation.commit()) await takeOut(sql, orderId);
        return {};
      });
      return response;
    },

    /** `lines` name each product once. */
    async restock(request: RestockReturnRequest, lines: readonly WantedLine[]): Promise<RestockReturnResponse> {
      const operation = {
        operation: 'RestockReturn',
        key: request.idempotencyKey,
        requestHash: hashRequest(RestockReturnRequest.encode(request).finish()),
        response: RestockReturnResponse,
        known: {},
      };
      const { orderId, returnId } = request;
      const { response } = await once(database, operation, async ({ em, sql }) => {
        const reservation = await em.findOne(Reservation, { orderId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
        const current = reservation?.state ?? 'absent';
        if (current !== 'committed') throw illegalTransition(orderId, { current, attempted: 'returned' });
        const back = await putBackOnce(sql, { orderId, returnId, lines });
        for (const { productId, quantity, returnable } of back) {
          if (quantity > returnable) throw returnExceedsOrder({ productId, returnable });
        }
        return {};
      });
      return response;
    },
  };
}

async function reserveOnce(sql: Sql, order: Parameters<typeof reserve>[1]): ReturnType<typeof reserve> {
  try {
    return await reserve(sql, order);
  } catch (error: unknown) {
    if (violatedUnique(error) === 'reservations_pkey') throw alreadyReserved(order.orderId);
    throw error;
  }
}

async function putBackOnce(sql: Sql, back: Parameters<typeof putBack>[1]): ReturnType<typeof putBack> {
  try {
    return await putBack(sql, back);
  } catch (error: unknown) {
    if (violatedUnique(error) === 'stock_movements_returned') throw returnIdTaken(back.returnId);
    throw error;
  }
}

/** Why the lines were not reserved: what no waiting will cure comes first. */
function refusal(lines: readonly CheckedLine[]): Error {
  for (const { productId, found } of lines) if (!found) return productUnknown(productId);
  for (const { productId, found } of lines) if (!found?.active) return productInactive(productId);
  const currencies = new Set(lines.flatMap(({ found }) => (found ? [found.currency] : [])));
  if (currencies.size > 1) return mixedCurrencies([...currencies]);
  for (const { productId, quantity, found } of lines) {
    if (found && found.available < quantity)
      return insufficientStock({ productId, requested: quantity, available: found.available });
  }
  return new Error('Lines that could be reserved were not');
}

function priced({ productId, quantity, found }: CheckedLine): PricedLine {
  return { productId, quantity, unitPrice: found && { amountMinor: found.priceMinor, currency: found.currency } };
}
