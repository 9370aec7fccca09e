/** Money that was charged, refunded or voided, by the history and the refunds. */
export type Effect = {
  readonly sequence: string;
  readonly kind: 'charged' | 'refunded' | 'voided';
  readonly orderId: string;
  readonly userId: string;
  /** The provider's: of the charge, or of the refund. */
  readonly reference: string;
  readonly amountMinor: string;
  readonly currency: string;
  readonly atMicros: string;
  readonly at: Date;
};

export type EffectsPage = { readonly since?: Date | undefined; readonly pageSize: number; readonly cursor: string };

export type EffectsOfPage = { readonly effects: readonly Effect[]; readonly nextCursor: string };
