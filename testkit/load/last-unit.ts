import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { eventually } from '../eventually.ts';
import type { Shop } from '../shop.ts';

// Milliseconds within which every order must have ended; most end in the wait of their own request.
const END_LIMIT_MS = 120_000;
const PAGE = 1_000;

const ledgerPage = z.object({
  items: z.array(z.object({ kind: z.string(), amount_minor: z.number(), reference: z.string() })),
  next_cursor: z.string().nullable(),
});

export type LedgerEntry = z.infer<typeof ledgerPage>['items'][number];

/** The payment provider's own books, oldest entry first. */
export async function providerLedger(provider: string): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const response = await fetch(`${provider}/v1/ledger?since=${cursor}&limit=${PAGE}`);
    const page: z.infer<typeof ledgerPage> = ledgerPage.parse(await response.json());
    entries.push(...page.items);
    cursor = page.next_cursor;
  }
  return entries;
}

export type LastUnit = {
  readonly confirmed: number;
  readonly refused: number;
  /** Orders that ended otherwise than paid or without stock. */
  readonly otherwise: number;
  /** Orders of the round whose money at the provider is not what their outcome says. */
  readonly wrongCharges: number;
  readonly stock: { readonly stock: number; readonly available: number };
  readonly seconds: number;
};

/** `buyers` customers order the one unit of a new product, `atOnce` of them at a time, through the gateway. */
export async function sellLastUnit(options: {
  readonly shop: Shop;
  readonly provider: string;
  readonly buyers: number;
  readonly atOnce: number;
}): Promise<LastUnit> {
  const { shop } = options;
  const product = await shop.createProduct({ stock: 1, priceMinor: 1_000 });
  const body = { items: [{ product_id: product.id, quantity: 1 }], payment_method: 'tok_ok' };
  const outcomes = new Map<string, 'confirmed' | 'refused' | 'otherwise'>();
  const totals = new Map<string, number>();
  let waiting = options.buyers;
  const startedMs = performance.now();

  async function buy(): Promise<void> {
    const key = randomUUID();
    // The same key again until the outcome is told.
    const answer = await eventually(
      () => shop.order(body, key),
      ({ status }) => status !== 202 && status !== 503,
      END_LIMIT_MS,
    );
    if (answer.status === 201) {
      outcomes.set(answer.body.id, 'confirmed');
      totals.set(answer.body.id, answer.body.total?.amount_minor ?? 0);
    } else {
      const refused = answer.status === 409 && answer.problem.reason === 'insufficient_stock';
      outcomes.set(answer.problem.order_id || key, refused ? 'refused' : 'otherwise');
    }
  }

  await Promise.all(
    Array.from({ length: options.atOnce }, async () => {
      while (waiting > 0) {
        waiting -= 1;
        await buy();
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1_000;
  const charged = keptByOrder(await providerLedger(options.provider));
  const count = (wanted: string) => [...outcomes.values()].filter((outcome) => outcome === wanted).length;
  return {
    confirmed: count('confirmed'),
    refused: count('refused'),
    otherwise: count('otherwise') + options.buyers - outcomes.size,
    wrongCharges: [...outcomes.keys()].filter((id) => (charged.get(id) ?? 0) !== (totals.get(id) ?? 0)).length,
    stock: await shop.stockOf(product.id),
    seconds,
  };
}

/** What the provider has taken for each order and not given back, in minor units. */
function keptByOrder(ledger: readonly LedgerEntry[]): ReadonlyMap<string, number> {
  const kept = new Map<string, number>();
  for (const { kind, amount_minor, reference } of ledger) {
    const sign = kind === 'capture' ? 1 : kind === 'refund' ? -1 : 0;
    kept.set(reference, (kept.get(reference) ?? 0) + sign * amount_minor);
  }
  return kept;
}
