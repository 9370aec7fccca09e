/** What a test's process does to itself, and when: the service in it knows nothing of this. */
import * as z from 'zod';

export const fateSchema = z.object({
  /** Where: a moment of the process that runs the service. */
  at: z.string(),
  signal: z.enum(['SIGKILL', 'SIGSTOP']),
});

export type Fate = z.infer<typeof fateSchema>;

/** The fate that the test gave this process. */
export function ownFate(): Fate | undefined {
  const { FATE } = process.env;
  return FATE === undefined ? undefined : fateSchema.parse(JSON.parse(FATE));
}

/** Says that it happens, and then it does. A process that was stopped goes on from here when it is continued. */
export async function meet(fate: Fate): Promise<void> {
  await new Promise<void>((resolve) => process.send?.({ type: 'fate', at: fate.at }, () => resolve()));
  process.kill(process.pid, fate.signal);
  // Nothing of a killed process runs beyond this line; a signal to oneself may take a moment.
  await new Promise((resolve) => setTimeout(resolve, 1));
  if (fate.signal === 'SIGKILL') await new Promise(() => {});
}
