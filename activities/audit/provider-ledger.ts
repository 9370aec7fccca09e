import * as z from 'zod';
import type { ProviderEntry } from './books.ts';

const page = z.object({
  items: z.array(z.object({ kind: z.string(), amount_minor: z.int(), reference: z.string(), at: z.coerce.date() })),
  next_cursor: z.string().nullable(),
});

const PAGE_SIZE = 1_000;
// Milliseconds for one page.
const PAGE_LIMIT_MS = 10_000;

/** Everything that the provider has written down, oldest first. */
export async function* providerLedger(url: string): AsyncGenerator<ProviderEntry> {
  for (let since: string | null = '0'; since !== null; ) {
    const response = await fetch(new URL(`/v1/ledger?since=${since}&limit=${PAGE_SIZE}`, url), {
      signal: AbortSignal.timeout(PAGE_LIMIT_MS),
    });
    if (!response.ok) throw new Error(`The payment provider answers ${response.status} for its ledger`);
    const { items, next_cursor }: z.infer<typeof page> = page.parse(await response.json());
    for (const { kind, amount_minor, reference, at } of items) yield { kind, amountMinor: amount_minor, reference, at };
    since = next_cursor;
  }
}
