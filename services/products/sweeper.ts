import type { Database } from '../../platform/persistence/database.ts';
import { isDatabaseUnavailable } from '../../platform/persistence/unavailable.ts';
import type { Logger } from '../../platform/telemetry/logs.ts';
import { expireHolds } from './domain/expire-holds.ts';
import type { Stock } from './domain/stock.ts';

// Milliseconds between two sweeps. A sweep that finds nothing reads one small index. A hold lives for minutes, so a delay of one
// second hardly matters.
const SWEEP_INTERVAL_MS = 1_000;
// Reservations of one transaction: few enough that its locks on products are gone within milliseconds.
const SWEEP_BATCH = 100;

type Transactions = Pick<Database, 'transaction'>;

type Sweep = { readonly database: Transactions; readonly stock: Stock };

/** Gives the stock of expired reservations back, exactly once. Any number of instances may sweep at the same time. */
export function startSweeper(options: Sweep & { readonly logger: Logger }): { stop(): Promise<void> } {
  const { logger } = options;
  let stopping = false;
  let wake = () => {};
  const done = sweepUntilStopped();

  async function sweepUntilStopped(): Promise<void> {
    while (!stopping) {
      try {
        const expired = await sweep(options);
        if (expired > 0) logger.info({ expired }, 'Expired reservations were given back');
        if (expired === SWEEP_BATCH) continue;
      } catch (error: unknown) {
        const level = isDatabaseUnavailable(error) ? 'warn' : 'error';
        logger[level]({ error }, 'Sweeping expired reservations failed; trying again');
      }
      if (stopping) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, SWEEP_INTERVAL_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  return {
    stop() {
      stopping = true;
      wake();
      return done;
    },
  };
}

/** One batch: how many reservations it expired. */
export function sweep({ database, stock }: Sweep): Promise<number> {
  return database.transaction(({ em }) => expireHolds({ em, stock }, SWEEP_BATCH));
}
