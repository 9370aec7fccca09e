export type AnyCall = (input: unknown) => Promise<unknown>;

/** The same activities, each behind what `wrap` makes of it. */
export function wrapActivities<A extends object>(activities: A, wrap: (name: string, call: AnyCall) => AnyCall): A {
  return new Proxy(activities, {
    get(target, name) {
      const call: unknown = Reflect.get(target, name);
      return typeof call === 'function' ? wrap(String(name), async (input) => call(input)) : call;
    },
  });
}
