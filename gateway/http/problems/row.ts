/** What a caller does after a problem. */
export type Retry =
  /** The same request gets the same answer. */
  | 'no'
  /** The same request with the same Idempotency-Key may succeed later, after Retry-After. */
  | 'later'
  /** Only after a change, as a new request with a new Idempotency-Key. */
  | 'changed';

export type ProblemRow = {
  /** The usual HTTP status; the boundary that finds the problem may choose another one. */
  readonly status: number;
  readonly title: string;
  readonly retry: Retry;
  /** For the developer of a shop. */
  readonly meaning: string;
  /** What a shop may show its customer. */
  readonly show: string;
};
