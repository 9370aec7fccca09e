import { createHash } from 'node:crypto';
import { StatusError } from '../rpc/status-error.ts';

/**
 * A place in a log that is read oldest first: directly after the entry with this time and sequence. Both are PostgreSQL's bigint. The
 * time is in microseconds since 1970, because milliseconds would skip or repeat entries of the same millisecond.
 */
export type LogPosition = { readonly atMicros: string; readonly sequence: string };

const POSITION_BYTES = 16;
const CHECK_BYTES = 8;

/** Opaque to callers. The checksum guards against mistakes, not against malice: a forged cursor gains nothing. */
export function encodePosition({ atMicros, sequence }: LogPosition): string {
  const position = Buffer.alloc(POSITION_BYTES);
  position.writeBigInt64BE(BigInt(atMicros));
  position.writeBigInt64BE(BigInt(sequence), POSITION_BYTES / 2);
  return Buffer.concat([position, checkOf(position)]).toString('base64url');
}

/** Throws INVALID_ARGUMENT naming `field` for anything that `encodePosition` did not make. */
export function decodePosition(cursor: string, field: string): LogPosition {
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(0, POSITION_BYTES);
  // Decoding skips characters that are not base64url: only one spelling of a cursor is accepted.
  const intact =
    bytes.length === POSITION_BYTES + CHECK_BYTES &&
    bytes.toString('base64url') === cursor &&
    bytes.subarray(POSITION_BYTES).equals(checkOf(position));
  if (!intact) throw malformed(field);
  return {
    atMicros: String(position.readBigInt64BE()),
    sequence: String(position.readBigInt64BE(POSITION_BYTES / 2)),
  };
}

function checkOf(position: Buffer): Buffer {
  return createHash('sha256').update('log|').update(position).digest().subarray(0, CHECK_BYTES);
}

function malformed(field: string): StatusError {
  return new StatusError({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    message: 'The request has invalid fields',
    violations: [{ field, description: 'is not a cursor of this list' }],
  });
}
