// The second Ctrl-C within this time is the first one again: a terminal sends it to npm and to everybody below it, and
// npm and launch.mjs hand theirs on.
const ECHO_MS = 1_000;

export type StopRequests = ReturnType<typeof followStopRequests>;

/**
 * Listens for what ends the platform: Ctrl-C, SIGTERM, a closed terminal, `npm stop`, and the death of the process that
 * started this one, which closes the channel to it.
 */
export function followStopRequests() {
  const stop = Promise.withResolvers<void>();
  const hurry = Promise.withResolvers<void>();
  let firstAt: number | undefined;
  const ask = () => {
    if (firstAt !== undefined && performance.now() - firstAt > ECHO_MS) hurry.resolve();
    firstAt ??= performance.now();
    stop.resolve();
  };
  const orphaned = () => {
    hurry.resolve();
    stop.resolve();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask);
  // A process that was given a channel keeps `send` when the channel is closed: the parent may be gone already.
  if (process.send && !process.connected) orphaned();
  process.on('disconnect', orphaned);
  return {
    /** Stop properly. */
    stop: stop.promise,
    /** Stop now: asked a second time, or nobody is left who waits. */
    hurry: hurry.promise,
    ask,
  };
}
