/** The watchman who compares what the services say of each order. Plain JSON: ids and counts. */

export const RECONCILE_WORKFLOW_TYPE = 'reconcile';
export const RECONCILE_SCHEDULE_ID = 'reconcile';

export type ReconcileInput = {
  /** Milliseconds for which an order must have been quiet to be judged: what is at work disagrees for a moment. */
  readonly quietMs: number;
  /** Whether what is safe to repair is repaired. */
  readonly repair: boolean;
};

export type RuleFinding = {
  /** `service.rule`, or the name of a rule between services. */
  readonly rule: string;
  /** Things looked at; 0 proves nothing. */
  readonly checked: number;
  readonly violations: number;
  /** At most 10 ids. */
  readonly examples: readonly string[];
};

/** Something that a rule found and that can be undone by the services' own idempotent calls. */
export type Repair = { readonly orderId: string; readonly rule: string; readonly action: RepairAction };

export type RepairAction = 'release the hold' | 'refund the charge' | 'start the workflow' | 'settle the order';

export type Verdict = {
  readonly findings: readonly RuleFinding[];
  readonly repairable: readonly Repair[];
};

export type ReconcileResult = Verdict & { readonly repaired: readonly Repair[] };

export type ReconcileActivities = {
  /** Every rule of every service and every rule between them. Orders that were `repaired` just now are judged though they moved. */
  judge(input: { readonly quietMs: number; readonly repaired?: readonly string[] }): Promise<Verdict>;
  repair(input: Repair): Promise<void>;
};
