/** The dispatcher relays and delivers events. No event passes through Temporal: the workflow only keeps an activity running. */

export const DISPATCH_WORKFLOW_TYPE = 'dispatchEvents';
/** One at a time in the platform. */
export const DISPATCH_WORKFLOW_ID = 'dispatch-events';

/** The counts of one run of the activity. */
export type Dispatched = {
  /** Events that were relayed from outboxes to notifications. */
  readonly relayed: number;
  readonly delivered: number;
  /** Attempts that failed; each is retried or dead. */
  readonly failed: number;
};

export type DispatchActivities = {
  /** Dispatches for some minutes, or until its worker stops or it is cancelled. */
  dispatch(): Promise<Dispatched>;
};
