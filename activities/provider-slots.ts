/**
 * Bounds the calls that wait for the payment provider. A provider that hangs keeps every call for the time of an attempt; without
 * a bound these calls would fill a worker's activity slots, and no shipment, return or fallback of any order would get one.
 *
 * PS1 Half of `slots` serves only charges, half only refunds and voids: neither waits for the other.
 * PS2 An attempt without a slot fails immediately. Temporal retries it with backoff, and meanwhile it takes no activity slot.
 */
import { ApplicationFailure } from '@temporalio/activity';
import type { ServiceCalls } from '../contracts/activities.ts';
import type { Reason } from '../contracts/reasons.ts';

const OVERLOADED: Reason = 'overloaded';

type ProviderCalls = Pick<ServiceCalls, 'processPayment' | 'refundPayment' | 'refundReturn'>;

export function withProviderSlots<A extends ProviderCalls>(activities: A, slots: number): A {
  const charge = limited(Math.floor(slots / 2));
  const giveBack = limited(Math.floor(slots / 2));
  return {
    ...activities,
    processPayment: (input) => charge(() => activities.processPayment(input)),
    refundPayment: (input) => giveBack(() => activities.refundPayment(input)),
    refundReturn: (input) => giveBack(() => activities.refundReturn(input)),
  };
}

/** Runs at most `slots` calls at a time and fails those beyond. */
function limited(slots: number): <T>(call: () => Promise<T>) => Promise<T> {
  let taken = 0;
  return async (call) => {
    if (taken >= slots) throw ApplicationFailure.retryable('Every slot for this call of the provider is taken', OVERLOADED);
    taken += 1;
    try {
      return await call();
    } finally {
      taken -= 1;
    }
  };
}
