import { createHash } from 'node:crypto';
import { StatusError } from '../../../platform/rpc/status-error.ts';

/** A cursor belongs to the search that made it. */
type Search = { readonly query: string; readonly category: string };

const ID_BYTES = 16;
const CHECK_BYTES = 8;

/**
 * The place after a product: its id and a checksum over id and search, which finds a cursor that was changed or taken to
 * another search. It needs no secret: a forged one shows a later page of what everybody may see.
 */
export function cursorAfter(productId: string, search: Search): string {
  const id = Buffer.from(productId.replaceAll('-', ''), 'hex');
  return Buffer.concat([id, checksum(id, search)]).toString('base64url');
}

/** The id that the cursor stands behind. Throws INVALID_ARGUMENT for anything `cursorAfter` did not make. */
export function readCursor(cursor: string, search: Search): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const id = bytes.subarray(0, ID_BYTES);
  // Decoding forgives characters that do not belong: only the same text is the same cursor.
  const intact = bytes.length === ID_BYTES + CHECK_BYTES && bytes.toString('base64url') === cursor;
  if (!intact || !bytes.subarray(ID_BYTES).equals(checksum(id, search))) throw malformedCursor();
  return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function checksum(id: Buffer, { query, category }: Search): Buffer {
  return createHash('sha256')
    .update(id)
    .update(JSON.stringify([query, category]))
    .digest()
    .subarray(0, CHECK_BYTES);
}

function malformedCursor(): StatusError {
  return new StatusError({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    message: 'The request has invalid fields',
    violations: [{ field: 'cursor', description: 'is not a cursor of this search' }],
  });
}
