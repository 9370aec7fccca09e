/** Money that was charged, refunded or voided, by the history and the refunds. */
export type Effect = {
  readonly sequence: string;
  /** `settled_outside`: refunded by other means, so that the provider knows nothing of it. */
  readonly kind: 'charged' | 'refunded' | 'settled_outside' | 'voided';
  readonly orderId: string;
  readonly userId: string;
  /** The provider's: of the charge, or of the refund. Of a refund that was settled outside its own id. */
  readonly reference: string;
  readonly amountMinor: string;
  readonly currency: string;
  readonly atMicros: string;
  readonly at: Date;
};

export type EffectsPage = { readonly since?: Date | undefined; readonly pageSize: number; readonly cursor: string };

export type EffectsOfPage = { readonly effects: readonly Effect[]; readonly nextCursor: string };
