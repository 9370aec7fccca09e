import type { Money, PricedLine } from './money.ts';

/**
 * An order's record when it was confirmed, as a workflow carries it: what was not known when it was submitted, and no personal
 * data. A caller that waits for the outcome does not have to read the record.
 */
export type ConfirmedOrder = {
  readonly lines: readonly (PricedLine & { readonly lineTotal: Money })[];
  readonly totals: { readonly subtotal: Money; readonly tax: Money; readonly shipping: Money; readonly total: Money };
  /** Statuses by name, without what was said about them; times in RFC 3339. */
  readonly history: readonly { readonly status: ConfirmedStatus; readonly at: string }[];
};

/** What a confirmed order has been through. */
export const CONFIRMED_STATUSES = ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID'] as const;
export type ConfirmedStatus = (typeof CONFIRMED_STATUSES)[number];
