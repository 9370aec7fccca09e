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

/** Money that a provider took. */
export type Charge = { readonly id: string; readonly capturedMinor: number; readonly currency: string };

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
  /** Makes sure that the key never charges from now on; returns the charge that already stands under it. */
  cancelKey(key: string): Promise<Charge | null>;
  refund(request: {
    readonly key: string;
    readonly chargeId: string;
    readonly amountMinor: number;
  }): Promise<{ readonly id: string }>;
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
export function assertCharged(charge: Charge, asked: { readonly amountMinor: number; readonly currency: string }): void {
  if (charge.capturedMinor === asked.amountMinor && charge.currency === asked.currency) return;
  throw new Error(`Charge ${charge.id} is not what was asked for`);
}
