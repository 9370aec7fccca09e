/** The provider's books: append-only, and read in the order in which its entries became visible (PR3 of open.ts). */
import type { Sql } from '../../../platform/persistence/sql.ts';

/** The advisory lock under which entries are appended, one transaction at a time. */
export const LEDGER_LOCK = 2;

/** A charge authorises, a capture takes the money, a void releases an authorisation, a refund gives money back. */
export type EntryKind = 'charge' | 'capture' | 'void' | 'refund';

/** The last statement of its transaction, so that the lock which upholds PR3 is held for a moment only. */
export async function appendEntry(
  sql: Sql,
  entry: {
    readonly kind: EntryKind;
    readonly chargeId: string;
    readonly refundId?: string;
    readonly refundKey?: string;
    readonly amountMinor: number;
  },
): Promise<void> {
  await sql.query('select pg_advisory_xact_lock($1)', [LEDGER_LOCK]);
  await sql.query(
    `insert into ledger (kind, charge_id, refund_id, refund_key, amount_minor, currency, reference)
     select $1, id, $3, $5, $4, currency, reference from charges where id = $2`,
    [entry.kind, entry.chargeId, entry.refundId ?? null, entry.amountMinor, entry.refundKey ?? null],
  );
}

/** The refunds of a charge, oldest first. */
export async function readRefunds(
  sql: Sql,
  chargeId: string,
): Promise<{ id: string; amount_minor: number; idempotency_key: string | null }[]> {
  const rows = await sql.query<{ id: string; amount_minor: string; idempotency_key: string | null }>(
    `select refund_id as id, amount_minor, refund_key as idempotency_key from ledger
     where charge_id = $1 and kind = 'refund' order by ledger.id`,
    [chargeId],
  );
  return rows.map((row) => ({ ...row, amount_minor: Number(row.amount_minor) }));
}

export type LedgerRow = {
  readonly id: number;
  readonly kind: EntryKind;
  readonly charge_id: string;
  readonly refund_id: string | null;
  readonly amount_minor: number;
  readonly currency: string;
  readonly reference: string;
  readonly at: string;
};

/** Entries after the one with id `since`, oldest first. */
export async function readLedger(sql: Sql, page: { readonly since: number; readonly limit: number }): Promise<LedgerRow[]> {
  type Raw = Omit<LedgerRow, 'id' | 'amount_minor' | 'at'> & {
    id: string;
    amount_minor: string;
    at: Date;
  };
  const rows = await sql.query<Raw>(
    `select id, kind, charge_id, refund_id, amount_minor, currency, reference, at
     from ledger where id > $1 order by id limit $2`,
    [page.since, page.limit],
  );
  return rows.map((row) => ({
    ...row,
    id: Number(row.id),
    amount_minor: Number(row.amount_minor),
    at: row.at.toISOString(),
  }));
}
