import { randomUUID } from 'node:crypto';
import { stepKey } from '../../contracts/ids.ts';
import { StatusError } from '../../platform/grpc/status-error.ts';
import type { ReserveInventoryRequest, ReserveInventoryResponse } from '../../proto/gen/shopfast/products/v1/products.ts';

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
// Answers after which a buyer asks again under the same key, as the saga does.
const UNKNOWN: ReadonlySet<string> = new Set(['UNAVAILABLE', 'ABORTED', 'DEADLINE_EXCEEDED']);

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
    for (;;) {
      try {
        await options.reserve()({ idempotencyKey: stepKey(orderId, 'reserve'), orderId, lines }, { deadlineMs: DEADLINE_MS });
        counts.sold += 1;
        return;
      } catch (error: unknown) {
        if (!(error instanceof StatusError)) throw error;
        if (error.reason === 'insufficient_stock') {
          counts.refused += 1;
          return;
        }
        if (!UNKNOWN.has(error.code)) throw error;
        counts.repeated += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
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
