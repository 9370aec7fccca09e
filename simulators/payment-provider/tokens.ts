/** Why a charge is refused, for good: the same key gets the same answer for ever. */
export type RefusalCode =
  | 'declined'
  | 'insufficient_funds'
  | 'expired_card'
  | 'fraud_hold'
  | 'invalid_token'
  // The key was cancelled before its charge arrived.
  | 'cancelled';

/** The behaviour that a token calls for. `manner` is how the answer is delivered, after the charge has been committed. */
export type Behaviour =
  | { readonly kind: 'charge'; readonly manner: 'prompt' | 'slow' | 'silent_first' }
  | { readonly kind: 'refuse'; readonly code: RefusalCode }
  // Nothing is charged and nothing is remembered.
  | { readonly kind: 'outage' };

const BEHAVIOURS: ReadonlyMap<string, Behaviour> = new Map([
  ['tok_ok', { kind: 'charge', manner: 'prompt' }],
  ['tok_slow', { kind: 'charge', manner: 'slow' }],
  ['tok_timeout_after_charge', { kind: 'charge', manner: 'silent_first' }],
  ['tok_declined', { kind: 'refuse', code: 'declined' }],
  ['tok_insufficient', { kind: 'refuse', code: 'insufficient_funds' }],
  ['tok_expired', { kind: 'refuse', code: 'expired_card' }],
  ['tok_fraud', { kind: 'refuse', code: 'fraud_hold' }],
  ['tok_outage', { kind: 'outage' }],
]);

export function behaviourOf(token: string): Behaviour {
  return BEHAVIOURS.get(token) ?? { kind: 'refuse', code: 'invalid_token' };
}

/** As the provider describes a method to its shops; never the number. */
export type MethodDescription = { readonly brand: string; readonly last_four: string };

const VISA: MethodDescription = { brand: 'visa', last_four: '4242' };
const METHODS: ReadonlyMap<string, MethodDescription> = new Map([
  ['tok_ok', VISA],
  ['tok_slow', { brand: 'mastercard', last_four: '4444' }],
]);

export function methodOf(token: string): MethodDescription {
  return METHODS.get(token) ?? VISA;
}

export const REFUSAL_MESSAGES: Readonly<Record<RefusalCode, string>> = {
  declined: 'The issuer declined the charge',
  insufficient_funds: 'The account does not hold enough money',
  expired_card: 'The card has expired',
  fraud_hold: 'The charge is held for a fraud review',
  invalid_token: 'The token is not known',
  cancelled: 'The charge was cancelled before it arrived',
};
