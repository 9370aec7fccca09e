/**
 * The steps of the saga, for gateway, metrics, documents and tests. The code of each step and of its undo is in
 * workflows/order/steps. This table is the source of every state, undo and idempotency key of a step.
 */
export type StepMode = 'local-first' | 'regular';

type StepFacts = {
  /** The saga's state after the step. */
  readonly reaches: string;
  /** The activity that runs the step. */
  readonly activity: string;
  /** The activity that undoes the step; null: the step changes nothing, or the submission's undo covers it. */
  readonly undo: string | null;
  /** The idempotency keys of its calls (contracts/ids); empty: the step changes nothing. */
  readonly keys: readonly string[];
  /**
   * `local-first`: a first attempt within the workflow task, then a regular activity. `regular`: scheduled in the history before
   * it runs, which is required for money.
   */
  readonly mode: StepMode;
  /**
   * `own`: a new time limit begins with the step. `hold`: the step shares the time limit that began with ReserveInventory, so
   * that an order gives up paying well before its hold on the stock expires.
   */
  readonly budget: 'own' | 'hold';
};

/** In the order in which they are taken. */
export const SAGA_STEPS = {
  ValidateUser: {
    reaches: 'UserValidated',
    activity: 'validateUser',
    undo: null,
    keys: [],
    mode: 'local-first',
    budget: 'own',
  },
  ReserveInventory: {
    reaches: 'InventoryReserved',
    activity: 'reserveInventory',
    undo: 'releaseInventory',
    keys: ['reserve'],
    mode: 'local-first',
    budget: 'own',
  },
  CreateOrder: {
    reaches: 'OrderCreated',
    activity: 'createOrder',
    undo: null,
    keys: ['create'],
    mode: 'local-first',
    budget: 'hold',
  },
  ProcessPayment: {
    reaches: 'PaymentProcessed',
    activity: 'processPayment',
    undo: 'refundPayment',
    keys: ['pay'],
    mode: 'regular',
    budget: 'hold',
  },
  ConfirmOrder: {
    reaches: 'OrderConfirmed',
    activity: 'confirm',
    undo: null,
    keys: ['confirm-stock', 'confirm-order'],
    mode: 'local-first',
    budget: 'own',
  },
} as const satisfies Readonly<Record<string, StepFacts>>;

export type StepName = keyof typeof SAGA_STEPS;

export const STEP_NAMES: readonly StepName[] = Object.keys(SAGA_STEPS).filter(isStepName);

export function isStepName(name: string): name is StepName {
  return Object.hasOwn(SAGA_STEPS, name);
}

/** The names of the saga's calls that change something, as they appear in idempotency keys. */
export type SagaKey = (typeof SAGA_STEPS)[StepName]['keys'][number];

/** The activities that undo something; `cancelOrder` undoes the submission, and with it CreateOrder. */
export type UndoActivity = Exclude<(typeof SAGA_STEPS)[StepName]['undo'], null> | 'cancelOrder';

export const SAGA_STATES = [
  'SagaInitiated',
  ...STEP_NAMES.map((step) => SAGA_STEPS[step].reaches),
  'SagaCompleted',
  'Compensating',
  'SagaFailed',
] as const;

export type SagaState = (typeof SAGA_STATES)[number];

/** Everything that can be undone: the steps of the saga, and the submission before them. */
export const COMPENSATION_STEPS = ['SubmitOrder', ...STEP_NAMES] as const;

export type CompensationStep = (typeof COMPENSATION_STEPS)[number];

/** The step that each undo undoes, oldest first. */
export const UNDOES: ReadonlyMap<string, CompensationStep> = new Map<string, CompensationStep>([
  ['cancelOrder', 'SubmitOrder'],
  ...STEP_NAMES.flatMap((step): [string, StepName][] => {
    const { undo } = SAGA_STEPS[step];
    return undo === null ? [] : [[undo, step]];
  }),
]);

/**
 * The step that an activity of the saga runs or undoes. Differs from UNDOES in `cancelOrder`: it undoes the submission and
 * CreateOrder, and only CreateOrder is a step.
 */
export const STEP_OF_ACTIVITY: ReadonlyMap<string, StepName> = new Map<string, StepName>([
  ['cancelOrder', 'CreateOrder'],
  ...STEP_NAMES.flatMap((step) => {
    const { activity, undo } = SAGA_STEPS[step];
    return [activity, ...(undo === null ? [] : [undo])].map((name): [string, StepName] => [name, step]);
  }),
]);
