/** The rules between the services: what each finds, and that it finds nothing in healthy books. */
import { expect, test } from '@jest/globals';
import type { OrderBooks } from '../../activities/audit/books.ts';
import { CROSS_RULES, LIFE_RULES } from '../../activities/audit/rules.ts';

const NOTHING: OrderBooks = {
  orderId: 'an order',
  statuses: [],
  totalMinor: null,
  deliveredAtMs: null,
  returnsRequested: [],
  returnsCompleted: [],
  returnsRestocked: [],
  requestedMinor: 0,
  completedMinor: 0,
  stock: [],
  chargedMinor: 0,
  refundedMinor: 0,
  providerChargedMinor: 0,
  providerRefundedMinor: 0,
  lastAtMs: 0,
};
const PAID: OrderBooks = {
  ...NOTHING,
  statuses: ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID'],
  totalMinor: 1_680,
  stock: ['reserved'],
  chargedMinor: 1_680,
  providerChargedMinor: 1_680,
};
const SHIPPED: OrderBooks = { ...PAID, statuses: [...PAID.statuses, 'SHIPPED'], stock: ['reserved', 'committed'] };
const REFUNDED = { refundedMinor: 1_680, providerRefundedMinor: 1_680 };
const CANCELLED: OrderBooks = {
  ...PAID,
  ...REFUNDED,
  statuses: [...PAID.statuses, 'CANCELLED'],
  stock: ['reserved', 'released'],
};
/** A return of so much, carried through. */
const back = (minor: number, ...returns: readonly string[]) => ({
  refundedMinor: minor,
  providerRefundedMinor: minor,
  requestedMinor: minor,
  completedMinor: minor,
  returnsRequested: [...returns],
  returnsCompleted: [...returns],
  returnsRestocked: [...returns],
  stock: [...SHIPPED.stock, ...returns.map(() => 'returned')],
});
const PARTLY: OrderBooks = { ...SHIPPED, ...back(500, 'one') };
const RETURNED: OrderBooks = {
  ...SHIPPED,
  ...back(1_680, 'one', 'two'),
  statuses: [...SHIPPED.statuses, 'RETURNED'],
};

const HEALTHY: readonly (readonly [string, OrderBooks])[] = [
  ['submitted', { ...NOTHING, statuses: ['SUBMITTED'] }],
  ['refused before it was priced', { ...NOTHING, statuses: ['SUBMITTED', 'CANCELLED'] }],
  ['paid', PAID],
  ['shipped', SHIPPED],
  ['returned in parts', PARTLY],
  [
    'about to come back, and refunded already',
    { ...PARTLY, refundedMinor: 600, providerRefundedMinor: 600, requestedMinor: 600, returnsRequested: ['one', 'two'] },
  ],
  ['returned', RETURNED],
  ['cancelled after it was paid', CANCELLED],
  ['expired and cancelled', { ...CANCELLED, stock: ['reserved', 'expired'] }],
];

test.each(HEALTHY)('an order that is %s violates nothing', (_, order) => {
  expect(violatedBy(order)).toEqual([]);
});

/** What a bug would leave, and the rules that must find it. */
const FAULTS: readonly (readonly [string, OrderBooks, readonly string[]])[] = [
  ['a hold of an order that nobody knows', { ...NOTHING, stock: ['reserved'] }, ['reserved_without_order']],
  ['a hold of a cancelled order', { ...CANCELLED, stock: ['reserved'] }, ['reserved_without_order']],
  ['a charge of an order that nobody knows', { ...NOTHING, chargedMinor: 5, providerChargedMinor: 5 }, ['charged_without_order']],
  [
    'a cancelled order whose money was kept',
    { ...CANCELLED, refundedMinor: 0, providerRefundedMinor: 0 },
    ['charged_without_order'],
  ],
  ['a paid order without a charge', { ...PAID, chargedMinor: 0, providerChargedMinor: 0 }, ['paid_without_charge']],
  ['a paid order with too small a charge', { ...PAID, chargedMinor: 5, providerChargedMinor: 5 }, ['paid_without_charge']],
  [
    'a returned order whose money was kept',
    { ...RETURNED, refundedMinor: 5, providerRefundedMinor: 5 },
    ['returned_is_refunded', 'returns_agree'],
  ],
  [
    'more refunded than charged',
    { ...SHIPPED, refundedMinor: 2_000, providerRefundedMinor: 2_000 },
    ['returns_agree', 'refunded_within_charge'],
  ],
  ['a refund for which nothing comes back', { ...SHIPPED, refundedMinor: 5, providerRefundedMinor: 5 }, ['returns_agree']],
  [
    'a return that is complete and was not refunded',
    { ...PARTLY, refundedMinor: 0, providerRefundedMinor: 0 },
    ['returns_agree'],
  ],
  ['a return that was refunded twice', { ...PARTLY, refundedMinor: 1_000, providerRefundedMinor: 1_000 }, ['returns_agree']],
  ['a return that is complete and whose goods are not back', { ...PARTLY, returnsRestocked: [] }, ['returned_goods_are_back']],
  [
    'goods that came back of a return that nobody asked for',
    { ...PARTLY, returnsRestocked: ['one', 'two'] },
    ['returned_goods_are_back'],
  ],
  ['a paid order that was refunded', { ...PAID, ...REFUNDED }, ['kept_money_is_not_given_back']],
  ['a paid order whose stock was given back', { ...PAID, stock: ['reserved', 'expired'] }, ['sold_without_stock']],
  ['a shipped order whose stock never left', { ...SHIPPED, stock: ['reserved'] }, ['shipped_without_commit']],
  [
    'stock that left for an order that was not shipped',
    { ...PAID, stock: SHIPPED.stock },
    ['sold_without_stock', 'shipped_without_commit'],
  ],
  [
    'a charge that only the provider knows',
    { ...NOTHING, statuses: ['SUBMITTED'], providerChargedMinor: 5 },
    ['provider_agrees'],
  ],
  ['a refund that the provider never made', { ...CANCELLED, providerRefundedMinor: 0 }, ['provider_agrees']],
];

test.each(FAULTS)('%s is found', (_, order, rules) => {
  expect(violatedBy(order)).toEqual(rules);
});

test('there is a fault for every rule, and healthy books for each to look at', () => {
  const names = CROSS_RULES.map(({ name }) => name);
  expect(new Set(FAULTS.flatMap(([, , rules]) => rules))).toEqual(new Set(names));
  const looked = CROSS_RULES.filter(({ applies }) => HEALTHY.some(([, order]) => applies(order)));
  expect(looked.map(({ name }) => name)).toEqual(names);
});

const NOW = { nowMs: 1_000_000, returnWindowMs: 100_000 };
const deliveredAt = (deliveredAtMs: number): OrderBooks => ({
  ...SHIPPED,
  statuses: [...SHIPPED.statuses, 'DELIVERED'],
  deliveredAtMs,
});

test.each<[string, OrderBooks, readonly (readonly [string, string | null])[]]>([
  ['submitted', { ...NOTHING, statuses: ['SUBMITTED'] }, []],
  ['paid', PAID, [['paid_without_workflow', 'settle the order']]],
  ['paid and refunded halfway through its settling', { ...PAID, ...REFUNDED }, [['paid_without_workflow', 'settle the order']]],
  [
    'paid and without its stock halfway through its settling',
    { ...PAID, stock: ['reserved', 'released'] },
    [['paid_without_workflow', 'settle the order']],
  ],
  ['paid, and its stock has left', { ...PAID, stock: SHIPPED.stock }, [['paid_without_workflow', null]]],
  ['shipped', SHIPPED, [['shipped_without_workflow', null]]],
  ['delivered a moment ago', deliveredAt(NOW.nowMs), [['shipped_without_workflow', null]]],
  ['delivered just within its return window', deliveredAt(900_001), [['shipped_without_workflow', null]]],
  ['delivered, and its return window is over', deliveredAt(900_000), []],
  ['returned', RETURNED, []],
  ['cancelled', CANCELLED, []],
])('an order that is %s and whose workflow broke is found by %j', (_, order, found) => {
  const rules = LIFE_RULES.filter(({ applies }) => applies(order, NOW));
  expect(rules.map(({ name, repair }) => [name, repair(order)])).toEqual(found);
});

function violatedBy(order: OrderBooks): string[] {
  return CROSS_RULES.filter(({ applies, violated }) => applies(order) && violated(order)).map(({ name }) => name);
}
