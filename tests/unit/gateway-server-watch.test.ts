import { expect, test } from '@jest/globals';
import { createServerWatch } from '../../gateway/orders/workflow/server-watch.ts';
import { eventually } from '../../testkit/eventually.ts';

/** A server whose next answers the test gives. */
function fakeServer() {
  const asked: { answer(): void; fail(): void }[] = [];
  const ping = () =>
    new Promise<void>((resolve, reject) => asked.push({ answer: resolve, fail: () => reject(new Error('no answer')) }));
  const next = async () => {
    await eventually(
      async () => asked.length,
      (waiting) => waiting > 0,
    );
    return asked.shift();
  };
  return { ping, next };
}

test('two failures in a row end a wait, one does not', async () => {
  const { ping, next } = fakeServer();
  const wait = createServerWatch({ ping, stopping: new AbortController().signal }).begin();
  (await next())?.fail();
  (await next())?.answer();
  (await next())?.fail();
  expect(wait.signal.aborted).toBe(false);
  (await next())?.fail();
  await eventually(
    async () => wait.serverGone(),
    (gone) => gone,
  );
});

test('a failure during an earlier wait does not count in the next one', async () => {
  const { ping, next } = fakeServer();
  const watch = createServerWatch({ ping, stopping: new AbortController().signal });
  const first = watch.begin();
  const last = await next();
  first.end();
  last?.fail();
  // The loop stops in the promise of the failure.
  await new Promise((resolve) => setImmediate(resolve));

  const second = watch.begin();
  (await next())?.fail();
  (await next())?.answer();
  expect(second.serverGone()).toBe(false);
  second.end();
});
