/** The activities of the order saga without services: each answers as its order's script says, and every call is kept. */
import { Context } from '@temporalio/activity';
import * as z from 'zod';
import type { Refusal, ServiceCalls } from '../../../contracts/activities.ts';
import type { ConfirmedOrder } from '../../../contracts/confirmed-order.ts';
import type { Money } from '../../../contracts/money.ts';
import type { Reason } from '../../../contracts/reasons.ts';
import { about, answeredBy, isForward, isUndo } from '../../../testkit/saga-activities.ts';
import { createFakeLife } from './fake-life.ts';

export type ActivityName = keyof ServiceCalls;

export type Call = {
  readonly activity: ActivityName;
  readonly local: boolean;
  /** Absent for validateUser, which changes nothing. */
  readonly key: string | undefined;
  readonly input: object;
};

/** Behaves instead of the standard; `nth` counts the calls of this activity for this order from 1. Nothing: the standard answer. */
export type Script = (nth: number) => Promise<Refusal | undefined> | Refusal | undefined;

export type Scripts = Partial<Record<ActivityName, Script>>;

export const TOTAL: Money = { amountMinor: 2_500, currency: 'EUR' };

/** The record that a confirmed order's outcome carries. */
export const CONFIRMED: ConfirmedOrder = {
  lines: [],
  totals: { subtotal: TOTAL, tax: TOTAL, shipping: TOTAL, total: TOTAL },
  history: [],
};

export function refuse(reason: Reason, facts: Record<string, string> = {}): Refusal {
  return { ok: false, reason, facts };
}

export type FakeActivities = ReturnType<typeof createFakeActivities>;

export function createFakeActivities() {
  // By order id and by user id: ValidateUser knows no order.
  const orders = new Map<string, { scripts: Scripts; calls: Call[] }>();

  async function act(activity: ActivityName, id: string, input: unknown): Promise<Refusal | undefined> {
    const order = orders.get(id);
    if (!order) throw new Error(`No test placed ${id}`);
    const given = anything.parse(input);
    order.calls.push({ activity, local: Context.current().info.isLocal, key: given.key, input: given });
    const nth = order.calls.filter((call) => call.activity === activity).length;
    return await order.scripts[activity]?.(nth);
  }

  const activities: ServiceCalls = {
    ...createFakeLife(act),
    // What a step answers whose answer nobody uses.
    ...answeredBy(
      async (activity, input) =>
        (await act(activity, about.parse(input), input)) ?? (isForward(activity) ? { ok: true } : undefined),
    ),
    reserveInventory: async (input) =>
      (await act('reserveInventory', input.orderId, input)) ?? {
        ok: true,
        lines: input.lines.map((line) => ({ ...line, unitPrice: { amountMinor: 1_000, currency: 'EUR' } })),
      },
    createOrder: async (input) => (await act('createOrder', input.orderId, input)) ?? { ok: true, total: TOTAL },
    processPayment: async (input) =>
      (await act('processPayment', input.orderId, input)) ?? { ok: true, paymentId: `payment-of-${input.orderId}` },
    confirmOrder: async (input) => (await act('confirmOrder', input.orderId, input)) ?? { ok: true, order: CONFIRMED },
  };

  return {
    activities,
    expect(ids: { orderId: string; userId: string }, scripts: Scripts): readonly Call[] {
      const order = { scripts, calls: [] };
      orders.set(ids.orderId, order).set(ids.userId, order);
      return order.calls;
    },
  };
}

const anything = z.looseObject({ key: z.string().optional() });

/** The undos among the calls, in their order. */
export function undosOf(calls: readonly Call[]): ActivityName[] {
  return calls.map((call) => call.activity).filter(isUndo);
}
