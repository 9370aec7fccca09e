/** Keeps one dispatch activity running at all times. When its worker dies, another worker runs it. */
import { continueAsNew, proxyActivities } from '@temporalio/workflow';
import type { DispatchActivities } from '../contracts/dispatch.ts';

const { dispatch } = proxyActivities<DispatchActivities>({
  // 10 minutes of work, and 5 to finish what is in flight.
  startToCloseTimeout: '15 minutes',
  // The activity sends a heartbeat every few seconds. Events wait at most this long when its worker dies.
  heartbeatTimeout: '10 seconds',
  // The activity itself waits for services that are down. It fails only through a bug or a worker that died.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
  // When a cancelled workflow has ended, its activity has stopped sending.
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
});

// Rounds of ten minutes each: a history covers four hours and has about 150 events, however many events are delivered.
const ROUNDS = 24;

export async function dispatchEvents(): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) await dispatch();
  await continueAsNew<typeof dispatchEvents>();
}
