import { contextFrom, withContext } from '../../platform/telemetry/context.ts';

// Milliseconds that the first item of a batch waits for others. Mails of one claim end within a few milliseconds of each other, and
// the next event of an order waits for the next claim anyway, which is much longer (dispatch.ts).
const LINGER_MS = 20;

/**
 * Sends items in batches of at most `max`: items that arrive within LINGER_MS share one call. Each item gets the answer or the error of
 * its batch's call. Batches do not wait for each other. A batch belongs to several requests, so its call has a trace of its own.
 */
export function createBatcher<Item, Answer>(options: {
  readonly max: number;
  readonly call: (items: readonly Item[]) => Promise<Answer>;
}): (item: Item) => Promise<Answer> {
  let open: { readonly items: Item[]; readonly answer: Promise<Answer>; readonly sendNow: () => void } | undefined;

  function openBatch() {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LINGER_MS);
    const items: Item[] = [];
    const batch = { items, sendNow: resolve, answer: promise.then(send) };
    function send(): Promise<Answer> {
      clearTimeout(timer);
      if (open === batch) open = undefined;
      return withContext(contextFrom(undefined), () => options.call(items));
    }
    return batch;
  }

  return (item) => {
    open ??= openBatch();
    const { items, answer, sendNow } = open;
    items.push(item);
    if (items.length >= options.max) {
      open = undefined;
      sendNow();
    }
    return answer;
  };
}
