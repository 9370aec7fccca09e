/** Why a provider refused a charge; final for its key. */
export const REFUSAL_CODES = [
  'declined',
  'insufficient_funds',
  'expired_card',
  'fraud_hold',
  'invalid_token',
  'cancelled',
] as const;

export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** As a provider describes it; never the number. */
export type PaymentMethod = { readonly brand: string; readonly lastFour: string };

/** Money that a provider gave back. `key` is null when nobody asked for it over the API: a refund of its back office. */
export type ChargeRefund = { readonly id: string; readonly amountMinor: number; readonly key: string | null };

/** Money that a provider took, and what became of it. */
export type Charge = {
  readonly id: string;
  /** The key under which it was made; null when the provider does not say. */
  readonly key: string | null;
  readonly capturedMinor: number;
  readonly currency: string;
  readonly method: PaymentMethod | null;
  /** The customer disputes it with the bank. */
  readonly disputed: boolean;
  readonly refunds: readonly ChargeRefund[];
};

/** Why a provider refused a refund; asking again does not help until somebody has changed the charge. */
export const REFUND_REFUSAL_CODES = ['refund_exceeds_capture', 'charge_disputed', 'cancelled', 'refused'] as const;

export type RefundRefusalCode = (typeof REFUND_REFUSAL_CODES)[number];

export type RefundOutcome =
  | { readonly kind: 'refunded'; readonly id: string }
  | { readonly kind: 'refused'; readonly code: RefundRefusalCode };

export type ChargeOutcome =
  | { readonly kind: 'charged'; readonly charge: Charge }
  | { readonly kind: 'refused'; readonly code: RefusalCode };

/**
 * The calls that payments makes to a payment provider. Every call may be repeated: a key has one outcome for ever. Rejects with
 * ProviderUnavailable when the outcome is unknown; any other error is a bug or a disagreement, and its outcome is
 * unknown as well.
 */
export type PaymentProvider = {
  /** Milliseconds after which a call gives up. */
  readonly deadlineMs: number;
  /** Authorises and captures. */
  charge(request: {
    readonly key: string;
    readonly reference: string;
    readonly amountMinor: number;
    readonly currency: string;
    readonly token: string;
  }): Promise<ChargeOutcome>;
  findByKey(key: string): Promise<Charge | null>;
  /** By the provider's id. */
  findCharge(chargeId: string): Promise<Charge | null>;
  /** Makes sure that the key never charges or refunds from now on; returns the charge that already stands under it. */
  cancelKey(key: string): Promise<Charge | null>;
  refund(request: { readonly key: string; readonly chargeId: string; readonly amountMinor: number }): Promise<RefundOutcome>;
  /** Releases an authorisation that was not captured. */
  void(chargeId: string): Promise<void>;
  /** Whether the token names a payment method, declined or not. Charges nothing. */
  knowsToken(token: string): Promise<boolean>;
};

/** A timeout, a reset or a server error: the request may or may not have been carried out. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
}

/** Throws when the provider took another amount or currency than it was asked for: people have to sort that out. */
export function assertCharged(
  charge: Pick<Charge, 'id' | 'capturedMinor' | 'currency'>,
  asked: { readonly amountMinor: number; readonly currency: string },
): void {
  if (charge.capturedMinor === asked.amountMinor && charge.currency === asked.currency) return;
  throw new Error(`Charge ${charge.id} is not what was asked for`);
}
