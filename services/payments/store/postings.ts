import type { Sql } from '../../../platform/persistence/sql.ts';
import type { BalanceQuery, Sums } from '../domain/ledger/get-balance.ts';

/** Sums the debits and credits of an account, in one statement and so at one instant. */
export async function sumPostings(sql: Sql, { account, currency, at, of }: BalanceQuery): Promise<Sums> {
  const [row] = await sql.query<{ debits: string; credits: string; entries: string }>(
    `select coalesce(sum(debit_minor), 0) as debits, coalesce(sum(credit_minor), 0) as credits, count(*) as entries
     from ledger_postings where account = $1 and currency = $2 and at <= coalesce($3::timestamptz, 'infinity') ${scope(of)}`,
    [account, currency, at ?? null, ...Object.values(of ?? {})],
  );
  if (!row) throw new Error('A sum has one row');
  return { debitsMinor: exact(row.debits), creditsMinor: exact(row.credits), entries: exact(row.entries) };
}

function scope(of: BalanceQuery['of']): string {
  if (!of) return '';
  return 'paymentId' in of ? 'and payment_id = $4' : 'and payment_id = (select id from payments where order_id = $4)';
}

/** Throws for a sum that a number cannot hold exactly, rather than answer something near it. */
function exact(digits: string): number {
  const value = Number(digits);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${digits} is beyond the exact integers`);
  return value;
}
