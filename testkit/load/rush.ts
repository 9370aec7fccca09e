import { randomUUID } from 'node:crypto';
import { stepKey } from '../../contracts/ids.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import type { ReserveInventoryRequest, ReserveInventoryResponse } from '../../proto/gen/shopfast/products/v1/products.ts';
import { insist } from '../insist.ts';

/** One attempt of one buyer; throws what the service answers. */
export type Reserve = (
  request: ReserveInventoryRequest,
  options: { readonly deadlineMs: number },
) => Promise<ReserveInventoryResponse>;

export type RushOutcome = {
  readonly sold: number;
  readonly refused: number;
  /** Calls that were repeated because nobody knew what had become of them. */
  readonly repeated: number;
  readonly seconds: number;
};

const DEADLINE_MS = 30_000;

/**
 * Each of `buyers` wants one unit of the product, `atOnce` of them at a time. `reserve` gives the way to the service, anew for each
 * attempt. Throws when a buyer gets anything else than a unit or the refusal that there is none.
 */
export async function rush(options: {
  readonly productId: string;
  readonly buyers: number;
  readonly atOnce: number;
  readonly reserve: () => Reserve;
  /** Told how many have their answer, after each. */
  readonly onAnswered?: (answered: number) => void;
}): Promise<RushOutcome> {
  const counts = { sold: 0, refused: 0, repeated: 0 };
  let waiting = options.buyers;
  const startedMs = performance.now();

  async function buy(): Promise<void> {
    const orderId = randomUUID();
    const lines = [{ productId: options.productId, quantity: 1 }];
    const request = { idempotencyKey: stepKey(orderId, 'reserve'), orderId, lines, pricesAsOf: new Date() };
    const attempt = () => options.reserve()(request, { deadlineMs: DEADLINE_MS });
    // However long the crowd before this buyer takes.
    const limitMs = Number.POSITIVE_INFINITY;
    const onRepeat = () => {
      counts.repeated += 1;
    };
    try {
      await insist(attempt, { limitMs, onRepeat });
      counts.sold += 1;
    } catch (error: unknown) {
      if (!(error instanceof StatusError) || error.reason !== 'insufficient_stock') throw error;
      counts.refused += 1;
    }
  }

  async function queue(): Promise<void> {
    while (waiting > 0) {
      waiting -= 1;
      await buy();
      options.onAnswered?.(counts.sold + counts.refused);
    }
  }
  await Promise.all(Array.from({ length: options.atOnce }, queue));
  return { ...counts, seconds: (performance.now() - startedMs) / 1_000 };
}
