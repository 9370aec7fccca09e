import { allHandlersFinished, condition, proxyActivities, setHandler } from '@temporalio/workflow';
import { type BareActivities, bareOutcome } from './contract.ts';

const { step } = proxyActivities<BareActivities>({ startToCloseTimeout: '10s' });

export async function bare(): Promise<string> {
  let outcome: string | undefined;
  setHandler(bareOutcome, async () => {
    await condition(() => outcome !== undefined);
    return outcome ?? '';
  });
  for (const n of [1, 2, 3, 4, 5]) await step(n);
  outcome = 'done';
  await condition(allHandlersFinished);
  return outcome;
}

/** The least that a workflow can be: its history is the floor under every replay. */
export async function empty(): Promise<void> {}
