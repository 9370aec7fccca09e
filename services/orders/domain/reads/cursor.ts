import { createHash } from 'node:crypto';
import { stringify as formatUuid, parse as parseUuid } from 'uuid';
import { invalidField } from '../errors.ts';
import type { OrderStatus } from '../order-status.ts';

/** A position in a list that is sorted newest first: directly after the order with this time and id. */
export type Position = { readonly createdAt: Date; readonly id: string };

/** The list that a cursor belongs to: the orders that match every filter. */
export type ListOf = {
  /** Empty: of all users. */
  readonly userId: string;
  readonly status: OrderStatus | undefined;
  readonly createdFrom: Date | undefined;
  /** Exclusive. */
  readonly createdTo: Date | undefined;
  /** Empty: no filter. */
  readonly failedStep: string;
  /** Empty: all. */
  readonly orderIds: readonly string[];
};

const TIME_BYTES = 8;
const ID_BYTES = 16;
const CHECK_BYTES = 8;

/**
 * Encodes the position with a checksum over the position and the list's filters. A cursor that was altered, or is used for
 * another list, is refused. The checksum guards against mistakes only and needs no secret, because the filters apply to every
 * page anyway.
 */
export function encodeCursor(list: ListOf, { createdAt, id }: Position): string {
  const position = Buffer.alloc(TIME_BYTES + ID_BYTES);
  position.writeBigInt64BE(BigInt(createdAt.getTime()));
  position.set(parseUuid(id), TIME_BYTES);
  return Buffer.concat([position, checkOf(list, position)]).toString('base64url');
}

/** Refuses everything that `encodeCursor` did not make for this list. */
export function decodeCursor(list: ListOf, cursor: string): Position {
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(0, TIME_BYTES + ID_BYTES);
  // Decoding ignores characters that are not base64url, so the cursor must equal its own re-encoding.
  const intact =
    bytes.length === TIME_BYTES + ID_BYTES + CHECK_BYTES &&
    bytes.toString('base64url') === cursor &&
    bytes.subarray(position.length).equals(checkOf(list, position));
  if (!intact) throw invalidField('cursor', 'is not a cursor of this list');
  return {
    createdAt: new Date(Number(position.readBigInt64BE())),
    id: formatUuid(position.subarray(TIME_BYTES)),
  };
}

function checkOf(list: ListOf, position: Buffer): Buffer {
  const { userId, status = '', createdFrom, createdTo, failedStep, orderIds } = list;
  const filters = [userId, status, createdFrom?.getTime() ?? '', createdTo?.getTime() ?? '', failedStep, ...orderIds];
  const digest = createHash('sha256')
    .update(`${filters.join('|')}|`)
    .update(position)
    .digest();
  return digest.subarray(0, CHECK_BYTES);
}
