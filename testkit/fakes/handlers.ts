import type { ServiceDefinition } from '../../platform/rpc/methods.ts';
import type { Handlers } from '../../platform/rpc/server.ts';

/** Handlers of a fake service that is asked only some of its calls; any other fails the test that makes it. */
export function onlyThese<D extends ServiceDefinition>(definition: D, handlers: Partial<Handlers<D>>): Handlers<D> {
  const unexpected = Object.keys(definition).map((name) => [
    name,
    () => Promise.reject(new Error(`The fake does not answer ${name}`)),
  ]);
  // Every name of the definition is in the one or the other.
  return { ...Object.fromEntries(unexpected), ...handlers } as Handlers<D>;
}
