/** Keeps somebody at dispatching events, for ever: one long activity after the other, taken over when its worker dies. */
import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { DispatchActivities } from '../contracts/dispatch.ts';

const { dispatch } = proxyActivities<DispatchActivities>({
  // Half as much again as it works for, for what it has begun.
  startToCloseTimeout: '15 minutes',
  // Events wait this long when a worker dies, and no longer; it sends a sign of life every few seconds.
  heartbeatTimeout: '10 seconds',
  // Services that are down are waited for inside; what fails here is a bug or a worker that died.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
  // A dispatcher that was cancelled has stopped sending when its workflow has ended.
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});

// Of ten minutes each: a history covers four hours and has about 150 events. That is 36 events per hour, whatever is sent.
const ROUNDS = 24;

export async function dispatchEvents(): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) await dispatch();
  await continueAsNew<typeof dispatchEvents>();
}
