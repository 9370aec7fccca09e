import { decodePosition, encodePosition, type LogPosition } from './position.ts';

export type PageOf<Row> = { readonly rows: readonly Row[]; readonly nextCursor: string };

/**
 * One page of a log that is read oldest first, from a time or from where the last page ended. `read` returns at most `limit` rows
 * that come after a position. Throws INVALID_ARGUMENT naming `page.cursor` for a cursor that is none.
 */
export async function readLogPage<Row extends LogPosition>(
  page: { readonly sinceMicros: number; readonly size: number; readonly cursor: string },
  read: (after: LogPosition, limit: number) => Promise<readonly Row[]>,
): Promise<PageOf<Row>> {
  const start = { atMicros: String(page.sinceMicros), sequence: '0' };
  const after = page.cursor === '' ? start : decodePosition(page.cursor, 'page.cursor');
  const found = await read(after, page.size + 1);
  const rows = found.slice(0, page.size);
  const last = rows.at(-1);
  return { rows, nextCursor: last && found.length > page.size ? encodePosition(last) : '' };
}
