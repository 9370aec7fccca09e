import { ConfigError } from '../config/load.ts';
import { safeMessage } from '../telemetry/describe-error.ts';
import { createLogger } from '../telemetry/logs.ts';

// Milliseconds a process may take to finish its work in flight; longer than any RPC deadline under it.
const STOP_LIMIT_MS = 15_000;

/** A started process: where it listens and how it stops. `stop` finishes what is in flight. */
export type Running = {
  readonly listening: { readonly http?: number; readonly grpc?: number };
  stop(): Promise<void>;
};

/**
 * Runs one process of the platform. Stops on SIGTERM, on SIGINT and when the channel to its supervisor closes: Node has no parent-death
 * signal, and no process may outlive its supervisor.
 */
export async function run(service: string, start: () => Promise<Running>): Promise<void> {
  const logger = createLogger(service, 'info');
  process.on('unhandledRejection', (error) => {
    logger.fatal({ error }, 'A promise failed that nobody waited for');
    process.exit(1);
  });
  // A process that loses its supervisor while it starts has nothing to finish.
  const orphaned = () => process.exit(1);
  if (process.channel) process.on('disconnect', orphaned);
  try {
    const running = await start();
    process.off('disconnect', orphaned);
    stopOnRequest(service, running);
    process.send?.({ type: 'listening', ...running.listening });
  } catch (error: unknown) {
    if (error instanceof ConfigError) logger.fatal(error.message);
    else logger.fatal({ error }, `${service} could not start: ${safeMessage(error)}`);
    process.exit(1);
  }
}

function stopOnRequest(service: string, running: Running): void {
  const logger = createLogger(service, 'info');
  let stopping = false;
  const stop = (why: string) => {
    if (stopping) return;
    stopping = true;
    logger.info({ why }, 'Stopping');
    setTimeout(() => {
      logger.error({ limit_ms: STOP_LIMIT_MS }, 'Did not stop in time');
      process.exit(1);
    }, STOP_LIMIT_MS).unref();
    running.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error }, 'Stopping failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  if (process.channel) process.on('disconnect', () => stop('supervisor gone'));
}
