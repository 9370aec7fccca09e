import type { Handlers } from '../../../platform/rpc/server.ts';
import type { OrdersServiceService } from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import type { Dependencies } from './dependencies.ts';
import { fulfilmentHandlers } from './fulfilment.ts';
import { readHandlers } from './reads.ts';
import { sagaHandlers } from './saga.ts';

export type OrdersHandlers = Handlers<typeof OrdersServiceService>;

export function createHandler(dependencies: Dependencies): OrdersHandlers {
  return { ...sagaHandlers(dependencies), ...fulfilmentHandlers(dependencies), ...readHandlers(dependencies) };
}
