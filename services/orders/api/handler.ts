import type { Dependencies, OrdersHandlers } from './dependencies.ts';
import { fulfilmentHandlers } from './fulfilment.ts';
import { readHandlers } from './reads.ts';
import { sagaHandlers } from './saga.ts';

export function createHandler(dependencies: Dependencies): OrdersHandlers {
  return { ...sagaHandlers(dependencies), ...fulfilmentHandlers(dependencies), ...readHandlers(dependencies) };
}
