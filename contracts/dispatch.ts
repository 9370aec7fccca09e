/** Who tells the world what happened to orders and payments. No event passes through Temporal: only that somebody is at it. */

export const DISPATCH_WORKFLOW_TYPE = 'dispatchEvents';
/** One at a time in the whole platform. */
export const DISPATCH_WORKFLOW_ID = 'dispatch-events';

/** What one run of the activity did. */
export type Dispatched = {
  /** Events of other outboxes that were taken over. */
  readonly relayed: number;
  readonly delivered: number;
  /** Attempts that failed; each is tried again or dead. */
  readonly failed: number;
};

export type DispatchActivities = {
  /** Dispatches for some minutes, or until its worker stops or it is cancelled. */
  dispatch(): Promise<Dispatched>;
};
