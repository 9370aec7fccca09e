import type { Handlers } from '../../../platform/rpc/server.ts';
import type { OrdersServiceService } from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import { type FulfilmentOptions, fulfilmentHandlers } from './fulfilment.ts';
import { readHandlers } from './reads.ts';
import { type SagaOptions, sagaHandlers } from './saga.ts';

export type OrdersHandlers = Handlers<typeof OrdersServiceService>;

export function createHandler(options: SagaOptions & FulfilmentOptions): OrdersHandlers {
  return { ...sagaHandlers(options), ...fulfilmentHandlers(options), ...readHandlers(options) };
}
