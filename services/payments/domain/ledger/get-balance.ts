import { ACCOUNTS, type Account } from './accounts.ts';

export type BalanceQuery = {
  readonly account: Account;
  readonly currency: string;
  /** Absent: now. */
  readonly at?: Date | undefined;
  /** Absent: the complete account. */
  readonly of?: { readonly paymentId: string } | { readonly orderId: string } | undefined;
};

export type Sums = { readonly debitsMinor: number; readonly creditsMinor: number; readonly entries: number };

/** `balanceMinor` is on the account's normal side. */
export type Balance = Sums & { readonly balanceMinor: number };

/**
 * Sums the entries of an account at one instant. An entry carries the time of its posting and becomes visible when its transaction
 * commits, moments later: a balance of the past is final once those moments are over.
 */
export async function getBalance(
  { sumPostings }: { sumPostings(query: BalanceQuery): Promise<Sums> },
  query: BalanceQuery,
): Promise<Balance> {
  const sums = await sumPostings(query);
  const { debitsMinor, creditsMinor } = sums;
  const isDebit = ACCOUNTS[query.account].side === 'debit';
  return { ...sums, balanceMinor: isDebit ? debitsMinor - creditsMinor : creditsMinor - debitsMinor };
}
