/** An amount in minor units (cents) of an ISO 4217 currency. */
export type Money = { readonly amountMinor: number; readonly currency: string };

export type Line = { readonly productId: string; readonly quantity: number };

export type PricedLine = Line & { readonly unitPrice: Money };
