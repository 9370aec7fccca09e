import { createHash } from 'node:crypto';
import { StatusError } from '../../../platform/rpc/status-error.ts';

const POSITION_BYTES = 8;
const CHECK_BYTES = 8;

/**
 * A position and a check over it and its list (a name and the filters). The check guards against mistakes and needs no secret: every
 * page is filtered anyway.
 */
export function encodeCursor(list: readonly string[], position: number): string {
  const bytes = Buffer.alloc(POSITION_BYTES);
  bytes.writeBigInt64BE(BigInt(position));
  return Buffer.concat([bytes, checkOf(list, bytes)]).toString('base64url');
}

/** Throws INVALID_ARGUMENT naming `field` for anything that `encodeCursor` did not make for this list. */
export function decodeCursor(list: readonly string[], cursor: string, field: string): number {
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(0, POSITION_BYTES);
  // Decoding skips characters outside base64url: only one spelling counts.
  const intact =
    bytes.length === POSITION_BYTES + CHECK_BYTES &&
    bytes.toString('base64url') === cursor &&
    bytes.subarray(POSITION_BYTES).equals(checkOf(list, position));
  if (!intact) throw malformed(field);
  return Number(position.readBigInt64BE());
}

function checkOf(list: readonly string[], position: Buffer): Buffer {
  return createHash('sha256')
    .update(`${list.join('|')}|`)
    .update(position)
    .digest()
    .subarray(0, CHECK_BYTES);
}

function malformed(field: string): StatusError {
  return new StatusError({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    message: 'The request has invalid fields',
    violations: [{ field, description: 'is not a cursor of this list' }],
  });
}
