export const TIERS = ['anonymous', 'free', 'professional', 'enterprise', 'internal'] as const;
export type Tier = (typeof TIERS)[number];

/** The calling application, named by its API key. */
export type ApiClient = { readonly id: string; readonly name: string; readonly tier: Tier };

/** A request without a key: the tier with the smallest allowance. */
export const ANONYMOUS: ApiClient = { id: 'anonymous', name: 'Anonymous', tier: 'anonymous' };
