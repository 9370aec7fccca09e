/**
 * The double-entry ledger: the chart of accounts and what each movement of money posts.
 *
 * LG1 An entry is one row with a debit account, a credit account and one amount: it cannot be out of balance.
 * LG2 The statement that records a movement writes its entry: there is both or neither.
 * LG3 A movement is posted once: an entry is unique by its movement and its idempotency key.
 * LG4 Entries are never changed or removed; a trigger refuses it, to the tables' owner too.
 *
 * An authorisation and a void move no money and post nothing.
 */

/** `side` is the one on which the account grows. */
export const ACCOUNTS = {
  // Taken from customers, not given back, and with the payment provider.
  customer_clearing: { side: 'debit' },
  // What of it belongs to the shop.
  merchant_receivable: { side: 'credit' },
  // What of it was promised back to customers and is not on its way yet.
  refunds_payable: { side: 'credit' },
} as const satisfies Record<string, { readonly side: 'debit' | 'credit' }>;

export type Account = keyof typeof ACCOUNTS;

/** The key of an entry is that of the operation: of the charge, or of the refund. */
export const MOVEMENTS = {
  captured: { debit: 'customer_clearing', credit: 'merchant_receivable' },
  refund_started: { debit: 'merchant_receivable', credit: 'refunds_payable' },
  refund_completed: { debit: 'refunds_payable', credit: 'customer_clearing' },
} as const satisfies Record<string, { readonly debit: Account; readonly credit: Account }>;

export type Movement = keyof typeof MOVEMENTS;

/** A common table expression that posts one entry per row of `source`: operation_key, payment_id, amount_minor, currency. */
export function posting(movement: Movement, source: string): string {
  const { debit, credit } = MOVEMENTS[movement];
  return `posted as (
    insert into ledger_entries (movement, operation_key, payment_id, debit_account, credit_account, amount_minor, currency)
    select '${movement}', operation_key, payment_id, '${debit}', '${credit}', amount_minor, currency from (${source}) as source)`;
}
