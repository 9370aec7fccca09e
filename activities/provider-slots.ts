/**
 * Bounds the calls that wait for the payment provider. A provider that hangs keeps every call for the time of an attempt; without
 * a bound these calls would fill a worker's activity slots, and no shipment, return or fallback of any order would get one.
 *
 * PS1 All provider calls together have `slots`; charges have half of them. The other half serves only refunds and voids, so
 *     that money goes back while charges hang.
 * PS2 An attempt without a slot fails immediately. Temporal retries it with backoff, and meanwhile it takes no activity slot.
 */
import { ApplicationFailure } from '@temporalio/activity';
import type { ServiceCalls } from '../contracts/activities.ts';
import type { Reason } from '../contracts/reasons.ts';

const OVERLOADED: Reason = 'overloaded';

type ProviderCalls = Pick<ServiceCalls, 'processPayment' | 'refundPayment' | 'refundReturn'>;

export function withProviderSlots<A extends ProviderCalls>(activities: A, slots: number): A {
  const chargeSlots = Math.floor(slots / 2);
  let charges = 0;
  let refunds = 0;

  async function charge<T>(call: () => Promise<T>): Promise<T> {
    if (charges >= chargeSlots || charges + refunds >= slots) throw overloaded();
    charges += 1;
    try {
      return await call();
    } finally {
      charges -= 1;
    }
  }

  async function giveBack<T>(call: () => Promise<T>): Promise<T> {
    if (charges + refunds >= slots) throw overloaded();
    refunds += 1;
    try {
      return await call();
    } finally {
      refunds -= 1;
    }
  }

  return {
    ...activities,
    processPayment: (input) => charge(() => activities.processPayment(input)),
    refundPayment: (input) => giveBack(() => activities.refundPayment(input)),
    refundReturn: (input) => giveBack(() => activities.refundReturn(input)),
  };
}

function overloaded(): ApplicationFailure {
  return ApplicationFailure.retryable('Every slot for calls of the payment provider is taken', OVERLOADED);
}
