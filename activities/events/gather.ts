import { contextFrom, withContext } from '../../platform/telemetry/context.ts';

// Milliseconds that the first waits for others. Mails of one claim end a millisecond or two after each other, and what waits for
// an outcome, the order's next event, waits for the next claim anyway (dispatch.ts), much longer.
const GATHER_MS = 20;

/**
 * Items that come close together go out in one call, of at most `max`, and each gets the answer of the call that it was in, or its
 * error. None waits longer than the gathering: calls do not wait for each other. The call is nobody's alone, so it has a trace of
 * its own.
 */
export function createGather<Item, Answer>(options: {
  readonly max: number;
  readonly call: (items: readonly Item[]) => Promise<Answer>;
}): (item: Item) => Promise<Answer> {
  let open: { readonly items: Item[]; readonly answer: Promise<Answer>; readonly full: () => void } | undefined;

  function begin() {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, GATHER_MS);
    const items: Item[] = [];
    const gathered = { items, full: resolve, answer: promise.then(send) };
    function send(): Promise<Answer> {
      clearTimeout(timer);
      if (open === gathered) open = undefined;
      return withContext(contextFrom(undefined), () => options.call(items));
    }
    return gathered;
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
