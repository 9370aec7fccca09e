/** The reconciler compares what the services store about each order. Plain JSON: ids and counts. */

export const RECONCILE_WORKFLOW_TYPE = 'reconcile';
export const RECONCILE_SCHEDULE_ID = 'reconcile';

export type ReconcileInput = {
  /**
   * Milliseconds without a change after which an order is judged. Orders that still change are skipped, as services may briefly
   * disagree.
   */
  readonly quietMs: number;
  /** Whether to repair violations that are safe to repair. */
  readonly repair: boolean;
};

export type RuleFinding = {
  /** `service.rule`, or the name of a rule between services. */
  readonly rule: string;
  /** Rows that were checked; 0 proves nothing. */
  readonly checked: number;
  readonly violations: number;
  /** At most 10 ids. */
  readonly examples: readonly string[];
};

/** A violation that the services' own idempotent calls can repair. */
export type Repair = { readonly orderId: string; readonly rule: string; readonly action: RepairAction };

export type RepairAction = 'release the hold' | 'refund the charge' | 'start the workflow' | 'settle the order';

export type Verdict = {
  readonly findings: readonly RuleFinding[];
  readonly repairable: readonly Repair[];
};

export type ReconcileResult = Verdict & { readonly repaired: readonly Repair[] };

export type ReconcileActivities = {
  /**
   * Evaluates the rules of every service and those between services. Orders in `repaired` are judged although they just changed.
   */
  judge(input: { readonly quietMs: number; readonly repaired?: readonly string[] }): Promise<Verdict>;
  repair(input: Repair): Promise<void>;
};
