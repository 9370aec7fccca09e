import { contextFrom, withContext } from '../../platform/telemetry/context.ts';

// Milliseconds that the first item waits for others. Mails of one claim end a millisecond or two after each other, and what waits
// for an outcome, the order's next event, waits for the next claim anyway (dispatch.ts), much longer.
const WINDOW_MS = 20;

/**
 * Combines items that come close together into one call of at most `max`; each gets the answer of its call, or its error. Calls do
 * not wait for each other. A call belongs to several callers, so it has a trace of its own.
 */
export function createBatcher<Item, Answer>(options: {
  readonly max: number;
  readonly call: (items: readonly Item[]) => Promise<Answer>;
}): (item: Item) => Promise<Answer> {
  let open: { readonly items: Item[]; readonly answer: Promise<Answer>; readonly full: () => void } | undefined;

  function begin() {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, WINDOW_MS);
    const items: Item[] = [];
    const batch = { items, full: resolve, answer: promise.then(send) };
    function send(): Promise<Answer> {
      clearTimeout(timer);
      if (open === batch) open = undefined;
      return withContext(contextFrom(undefined), () => options.call(items));
    }
    return batch;
  }

  return (item) => {
    open ??= begin();
    const { items, answer, full } = open;
    items.push(item);
    if (items.length >= options.max) {
      open = undefined;
      full();
    }
    return answer;
  };
}
