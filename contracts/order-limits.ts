/** Settings that the gateway and the reconciler pass to the workflow of an order that they start. */
export const ORDER_LIMITS = {
  SAGA_STEP_LIMIT_MS: {
    standard: 600_000,
    range: { min: 1_000, max: 86_400_000 },
    says: "Milliseconds after which a forward step of the saga gives up; less than a stock reservation's life.",
  },
  RETURN_WINDOW_MS: {
    standard: 2_592_000_000,
    range: { min: 1_000, max: 31_536_000_000 },
    says: 'Milliseconds after its delivery in which an order can be returned: 30 days.',
  },
} as const;
