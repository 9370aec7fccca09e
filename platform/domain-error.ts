/** Facts behind a refusal that are safe to show, such as product_id and available_quantity. */
export type Facts = Readonly<Record<string, string>>;

export type FieldViolation = { readonly field: string; readonly description: string };

/**
 * A business rule that says no. Knows nothing of gRPC: a service's api/errors.ts says which status code its reason has. `message` is
 * safe to show.
 */
export class DomainError<Reason extends string = string> extends Error {
  override readonly name = 'DomainError';
  readonly reason: Reason;
  readonly facts: Facts;
  /** Not empty: the request itself is wrong, whatever the state is. */
  readonly violations: readonly FieldViolation[];

  constructor(
    reason: Reason,
    message: string,
    { facts = {}, violations = [] }: { readonly facts?: Facts; readonly violations?: readonly FieldViolation[] } = {},
  ) {
    super(message);
    this.reason = reason;
    this.facts = facts;
    this.violations = violations;
  }
}
