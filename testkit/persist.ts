// Milliseconds between two attempts.
const AGAIN_MS = 250;

/** Sends until there is an answer that is one; what is sent carries its key, so that it happens once. */
export async function persist<T extends { readonly status: number }>(send: () => Promise<T>): Promise<T> {
  for (;;) {
    const answer = await send().catch(() => undefined);
    if (answer && answer.status < 500 && answer.status !== 429 && answer.status !== 499) return answer;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
