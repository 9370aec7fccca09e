import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';
import { expectAnswer, type Shop } from './shop.ts';

const POLL_MS = 20;
const LIMIT_MS = 60_000;

const ENDS = new Set(['SagaCompleted', 'SagaFailed']);

const placed = z.object({ id: z.string() });
const status = z.object({
  saga_state: z.string(),
  step: z.string().nullish(),
  retrying: z.object({ step: z.string(), attempt: z.number(), last_error: z.string().nullish() }).nullish(),
});
const money = z.object({ amount_minor: z.number(), currency: z.string() });
const order = z.object({
  status: z.string(),
  total: money.nullish(),
  failure: z.object({ step: z.string().nullish(), reason: z.string() }).nullish(),
  history: z.array(z.object({ status: z.string(), at: z.string(), reason: z.string().nullish() })),
});

/** Places an order for one piece, prints each step of its saga as it is seen, and how it ended. */
export async function followOrder(options: {
  readonly shop: Shop;
  readonly headers: Readonly<Record<string, string>>;
  readonly productId: string;
  readonly paymentMethod: string;
  readonly print: (line: string) => void;
  /** Prints what else is to be said about an order that has ended. */
  readonly details: (id: string) => Promise<void>;
}): Promise<void> {
  const { shop, headers, productId, paymentMethod, print } = options;
  const since = performance.now();
  const answer = await shop.call('POST', '/orders', {
    body: { items: [{ product_id: productId, quantity: 1 }], payment_method: paymentMethod },
    // Answered as soon as the order is safe; the saga is watched from here.
    headers: { ...headers, 'Idempotency-Key': randomUUID(), Prefer: 'respond-async' },
  });
  const { id } = expectAnswer(answer, placed, 'placing an order');
  await watchSaga({
    shop,
    headers,
    id,
    print: (text) => print(`   saga      ${text} (${Math.round(performance.now() - since)} ms after the request)`),
  });
  await options.details(id);
  const end = expectAnswer(await shop.call('GET', `/orders/${id}`, { headers: { ...headers } }), order, 'reading an order');
  const first = Date.parse(end.history[0]?.at ?? '');
  for (const entry of end.history) {
    print(
      `   order     ${entry.status.padEnd(20)} +${String(Date.parse(entry.at) - first).padEnd(4)} ms${entry.reason ? `  ${entry.reason}` : ''}`,
    );
  }
  print(`   outcome   ${describeEnd(end)}`);
}

async function watchSaga(options: {
  readonly shop: Shop;
  readonly headers: Readonly<Record<string, string>>;
  readonly id: string;
  readonly print: (text: string) => void;
}): Promise<void> {
  const { shop, headers, id, print } = options;
  const deadline = performance.now() + LIMIT_MS;
  let last = '';
  for (;;) {
    const answer = await shop.call('GET', `/orders/${id}/status`, { headers: { ...headers } });
    const seen = expectAnswer(answer, status, 'reading the state of an order');
    const text = describeState(seen);
    if (text !== last) print(text);
    last = text;
    if (ENDS.has(seen.saga_state)) return;
    if (performance.now() > deadline) throw new Error(`The order ${id} has not ended after ${LIMIT_MS / 1_000} s: it is ${text}`);
    await delay(POLL_MS);
  }
}

function describeState({ saga_state, step, retrying }: z.infer<typeof status>): string {
  const doing = step && !ENDS.has(saga_state) ? `, now ${step}` : '';
  const trying = retrying ? `, attempt ${retrying.attempt} of ${retrying.step}: ${retrying.last_error ?? 'no answer'}` : '';
  return `${saga_state}${doing}${trying}`;
}

function describeEnd({ status: name, total, failure }: z.infer<typeof order>): string {
  const refused = failure ? `, because of ${failure.reason}${failure.step ? ` in ${failure.step}` : ''}` : '';
  const paid = name === 'PAID' && total ? `, ${(total.amount_minor / 100).toFixed(2)} ${total.currency}` : '';
  return `${name}${paid}${refused}`;
}
