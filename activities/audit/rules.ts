/** What must hold between the services for every order that nobody works on. One definition each: reconciler, tests and console. */
import type { RepairAction, RuleFinding } from '../../contracts/reconcile.ts';
import type { OrderBooks } from './books.ts';

export type CrossRule = {
  readonly name: string;
  /** Whether there is anything to look at. */
  readonly applies: (order: OrderBooks) => boolean;
  readonly violated: (order: OrderBooks) => boolean;
  /** What can safely be done about it once the order's workflow does nothing more; null: a matter for people. */
  readonly repair: RepairAction | null;
};

const SOLD: ReadonlySet<string> = new Set(['PAID', 'SHIPPED', 'DELIVERED', 'RETURNED']);
const GONE: ReadonlySet<string> = new Set(['SHIPPED', 'DELIVERED', 'RETURNED']);
const UNDECIDED: ReadonlySet<string> = new Set(['SUBMITTED', 'CREATED', 'RESERVED']);

const status = ({ statuses }: OrderBooks): string => statuses.at(-1) ?? '';
const keptMinor = ({ chargedMinor, refundedMinor }: OrderBooks): number => chargedMinor - refundedMinor;
const holds = ({ stock }: OrderBooks): boolean => stock.at(-1) === 'reserved';
const left = ({ stock }: OrderBooks): boolean => stock.includes('committed');

export const CROSS_RULES: readonly CrossRule[] = [
  {
    name: 'reserved_without_order',
    applies: ({ stock }) => stock.length > 0,
    violated: (order) => holds(order) && (status(order) === '' || status(order) === 'CANCELLED'),
    repair: 'release the hold',
  },
  {
    name: 'charged_without_order',
    applies: ({ chargedMinor }) => chargedMinor > 0,
    violated: (order) => keptMinor(order) > 0 && (status(order) === '' || status(order) === 'CANCELLED'),
    repair: 'refund the charge',
  },
  {
    name: 'paid_without_charge',
    applies: (order) => SOLD.has(status(order)),
    violated: ({ chargedMinor, totalMinor }) => chargedMinor !== totalMinor,
    repair: null,
  },
  {
    name: 'returned_is_refunded',
    applies: (order) => status(order) === 'RETURNED',
    violated: (order) => keptMinor(order) !== 0,
    repair: null,
  },
  {
    // The refunded amount lies between that of complete returns and that of requested ones; when no return is open, all are equal.
    name: 'returns_agree',
    applies: (order) => order.returnsRequested.length > 0 || (GONE.has(status(order)) && order.refundedMinor > 0),
    violated: ({ requestedMinor, completedMinor, refundedMinor }) =>
      refundedMinor < completedMinor || refundedMinor > requestedMinor,
    repair: null,
  },
  {
    name: 'returned_goods_are_back',
    applies: ({ returnsRequested, returnsRestocked }) => returnsRequested.length > 0 || returnsRestocked.length > 0,
    violated: ({ returnsRequested, returnsRestocked, returnsCompleted }) =>
      !returnsCompleted.every((id) => returnsRestocked.includes(id)) ||
      !returnsRestocked.every((id) => returnsRequested.includes(id)),
    repair: null,
  },
  {
    name: 'refunded_within_charge',
    applies: ({ refundedMinor }) => refundedMinor > 0,
    violated: ({ chargedMinor, refundedMinor }) => refundedMinor > chargedMinor,
    repair: null,
  },
  {
    name: 'kept_money_is_not_given_back',
    applies: (order) => status(order) === 'PAID',
    violated: ({ refundedMinor }) => refundedMinor > 0,
    repair: null,
  },
  {
    name: 'sold_without_stock',
    applies: (order) => status(order) === 'PAID',
    violated: (order) => !holds(order),
    repair: null,
  },
  {
    name: 'shipped_without_commit',
    applies: (order) => GONE.has(status(order)) || left(order),
    violated: (order) => GONE.has(status(order)) !== left(order),
    repair: null,
  },
  {
    name: 'provider_agrees',
    applies: ({ chargedMinor, providerChargedMinor }) => chargedMinor > 0 || providerChargedMinor > 0,
    violated: (order) => order.chargedMinor !== order.providerChargedMinor || order.refundedMinor !== order.providerRefundedMinor,
    repair: null,
  },
];

/** Orders whose saga has decided nothing yet: their workflow must be at it. */
export function isUndecided(order: OrderBooks): boolean {
  return UNDECIDED.has(status(order));
}

/** A confirmed order whose workflow was terminated, failed or timed out, and that can take no command any more. */
export type LifeRule = {
  readonly name: string;
  readonly applies: (order: OrderBooks, now: LifeNow) => boolean;
  readonly repair: (order: OrderBooks) => RepairAction | null;
};
export type LifeNow = { readonly nowMs: number; readonly returnWindowMs: number };

/**
 * A workflow that completed is at its end: the return window is over. One that is absent ended so long ago that Temporal has
 * forgotten it.
 */
export const LIFE_RULES: readonly LifeRule[] = [
  {
    // Who terminates an order before it is sent cancels it: the undos of a cancel, under the same keys. Stock that has left may be
    // on its way, though its order says nothing of it: for people.
    name: 'paid_without_workflow',
    applies: (order) => status(order) === 'PAID',
    repair: (order) => (left(order) ? null : 'settle the order'),
  },
  {
    // The goods are with the customer: neither money nor stock may be given back unasked. `temporal workflow reset` brings the
    // workflow back, and with it delivery and returns.
    name: 'shipped_without_workflow',
    applies: (order, { nowMs, returnWindowMs }) =>
      status(order) === 'SHIPPED' || (status(order) === 'DELIVERED' && (order.deliveredAtMs ?? nowMs) + returnWindowMs > nowMs),
    repair: () => null,
  },
];

const EXAMPLES_MAX = 10;

export function findingOf(rule: string, looked: readonly OrderBooks[], wrong: readonly OrderBooks[]): RuleFinding {
  const examples = wrong.slice(0, EXAMPLES_MAX).map(({ orderId }) => orderId);
  return { rule, checked: looked.length, violations: wrong.length, examples };
}
