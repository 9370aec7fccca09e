import type { Money, PricedLine } from './money.ts';

/**
 * The part of a confirmed order's record that was not known at its submission, without personal data. The workflow returns it, so
 * that a caller that waits for the outcome does not read the record.
 */
export type ConfirmedOrder = {
  readonly lines: readonly (PricedLine & { readonly lineTotal: Money })[];
  readonly totals: { readonly subtotal: Money; readonly tax: Money; readonly shipping: Money; readonly total: Money };
  /** Statuses by name, without notes; times in RFC 3339. */
  readonly history: readonly { readonly status: ConfirmedStatus; readonly at: string }[];
};

/** The statuses of an order up to its confirmation. */
export const CONFIRMED_STATUSES = ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID'] as const;
export type ConfirmedStatus = (typeof CONFIRMED_STATUSES)[number];
