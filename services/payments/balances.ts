import type { Sql } from '../../platform/persistence/sql.ts';
import { ACCOUNTS, type Account } from './ledger.ts';

export type BalanceQuery = {
  readonly account: Account;
  readonly currency: string;
  /** Absent: now. */
  readonly at?: Date | undefined;
  /** Absent: the whole account. */
  readonly of?: { readonly paymentId: string } | { readonly orderId: string } | undefined;
};

export type Balance = {
  /** On the account's normal side. */
  readonly balanceMinor: number;
  readonly debitsMinor: number;
  readonly creditsMinor: number;
  readonly entries: number;
};

/**
 * What the entries add up to, in one statement and so at one instant. An entry has the time of its posting and is seen when
 * its transaction has ended, moments later: a balance of the past is final once that is over.
 */
export async function balanceOf(sql: Sql, { account, currency, at, of }: BalanceQuery): Promise<Balance> {
  const [row] = await sql.query<{ debits: string; credits: string; entries: string }>(
    `select coalesce(sum(debit_minor), 0) as debits, coalesce(sum(credit_minor), 0) as credits, count(*) as entries
     from ledger_postings where account = $1 and currency = $2 and at <= coalesce($3::timestamptz, 'infinity') ${scope(of)}`,
    [account, currency, at ?? null, ...Object.values(of ?? {})],
  );
  if (!row) throw new Error('A sum has one row');
  const [debitsMinor, creditsMinor] = [whole(row.debits), whole(row.credits)];
  const balanceMinor = ACCOUNTS[account].side === 'debit' ? debitsMinor - creditsMinor : creditsMinor - debitsMinor;
  return { balanceMinor, debitsMinor, creditsMinor, entries: whole(row.entries) };
}

function scope(of: BalanceQuery['of']): string {
  if (!of) return '';
  return 'paymentId' in of ? 'and payment_id = $4' : 'and payment_id = (select id from payments where order_id = $4)';
}

/** Throws for what a number cannot hold exactly, rather than answer something near it. */
function whole(digits: string): number {
  const value = Number(digits);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${digits} is beyond what can be told exactly`);
  return value;
}
