/** The accounts of the double-entry ledger, and what each movement of money posts. */

/** `side` is the one on which the account grows. */
export const ACCOUNTS = {
  // Taken from customers, not given back, and with the payment provider.
  customer_clearing: { side: 'debit' },
  // The part of it that belongs to the shop.
  merchant_receivable: { side: 'credit' },
  // The part of it that is promised back to customers and is not on its way yet.
  refunds_payable: { side: 'credit' },
  // Given back by other means, while the money stays with the payment provider.
  settled_outside: { side: 'credit' },
} as const satisfies Record<string, { readonly side: 'debit' | 'credit' }>;

export type Account = keyof typeof ACCOUNTS;

/** An authorisation and a void move no money and post nothing. */
export const MOVEMENTS = {
  captured: { debit: 'customer_clearing', credit: 'merchant_receivable' },
  refund_started: { debit: 'merchant_receivable', credit: 'refunds_payable' },
  refund_completed: { debit: 'refunds_payable', credit: 'customer_clearing' },
  refund_settled_outside: { debit: 'refunds_payable', credit: 'settled_outside' },
  refund_failed: { debit: 'refunds_payable', credit: 'merchant_receivable' },
} as const satisfies Record<string, { readonly debit: Account; readonly credit: Account }>;

export type Movement = keyof typeof MOVEMENTS;
