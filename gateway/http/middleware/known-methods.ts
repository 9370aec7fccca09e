import type { Middleware, Routes } from '../context.ts';
import { methodNotAllowed, notHere } from '../problem.ts';

export type MethodsAt = (path: string) => readonly string[];

/** The methods that the operations of a path have; none: there is nothing at the path. */
export function createMethodsAt(router: Routes): MethodsAt {
  return function methodsAt(path) {
    const layers = router.match(path, '').path;
    // Of two patterns that match, such as /users/me and /users/:id, the more specific one counts, as it does for the router.
    const fewest = Math.min(...layers.map(({ paramNames }) => paramNames.length));
    const methods = layers.filter(({ paramNames }) => paramNames.length === fewest).flatMap((layer) => layer.methods);
    return [...new Set(methods)].toSorted();
  };
}

/** Refuses every other method with 405 and the methods that there are. */
export function knownMethods(methodsAt: MethodsAt): Middleware {
  return async function knownMethodsMiddleware(ctx, next) {
    const methods = methodsAt(ctx.path);
    if (methods.length === 0) throw notHere();
    if (!methods.includes(ctx.method)) throw methodNotAllowed(methods);
    await next();
  };
}
