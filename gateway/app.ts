import Router from '@koa/router';
import Koa from 'koa';
import type { Logger } from '../platform/telemetry/logs.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import type { Clients } from './clients.ts';
import type { ApiClient, App, Caller, State } from './context.ts';
import type { OrderMetrics } from './metrics.ts';
import { accessLog } from './middleware/access-log.ts';
import { apiClient } from './middleware/api-client.ts';
import { identifyCaller } from './middleware/caller.ts';
import { lastAnswers } from './middleware/last-answers.ts';
import { newestVersion } from './middleware/newest-version.ts';
import { type Operations, operations } from './middleware/operations.ts';
import { problemErrors } from './middleware/problem-errors.ts';
import { requestContext } from './middleware/request-context.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import type { OrderCommands } from './order-commands.ts';
import type { OrderEvents } from './order-events.ts';
import type { OrderList } from './order-list.ts';
import type { OrderReader } from './order-reader.ts';
import type { OrderWorkflows } from './order-workflow.ts';
import { authRoutes } from './routes/auth.ts';
import { documentationRoutes } from './routes/documentation.ts';
import { eventRoutes } from './routes/events.ts';
import { orderCommandRoutes } from './routes/order-commands.ts';
import { orderDetailsRoute } from './routes/order-details.ts';
import { orderEventsRoute } from './routes/order-events.ts';
import { orderSubmitRoute } from './routes/order-submit.ts';
import { orderRoutes } from './routes/orders.ts';
import { paymentRoutes } from './routes/payments.ts';
import { productRoutes } from './routes/products.ts';
import { userRoutes } from './routes/users.ts';

export type AppDeps = {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly orderMetrics: OrderMetrics;
  readonly operations: Operations;
  readonly clients: Clients;
  readonly workflows: OrderWorkflows;
  readonly orderReader: OrderReader;
  readonly orderList: OrderList;
  readonly orderCommands: OrderCommands;
  readonly orderEvents: OrderEvents;
  readonly findApiClient: (key: string) => Promise<ApiClient | undefined>;
  readonly verifyToken: (token: string) => Promise<Caller>;
  readonly defaultWaitMs: number;
  readonly stepLimitMs: number;
  readonly returnWindowMs: number;
};

/** The way of a request, outermost first. A body is read by the route that wants one, after who calls is known (input.ts). */
export function createApp(deps: AppDeps): App {
  const app: App = new Koa<State>();
  app.use(lastAnswers(deps.operations.draining));
  app.use(operations(deps.operations));
  app.use(requestContext());
  app.use(accessLog(deps));
  app.use(securityHeaders());
  app.use(problemErrors(deps.logger));
  app.use(apiClient(deps.findApiClient));
  app.use(identifyCaller(deps.verifyToken));
  app.use(newestVersion());
  const router = createRouter(deps);
  app.use(router.routes());
  app.use(router.allowedMethods());
  app.on('error', (error: unknown) => deps.logger.debug({ error }, 'A connection broke'));
  return app;
}

export function createRouter(deps: AppDeps) {
  const { clients, orderReader, orderList } = deps;
  // Of two patterns that match, such as /users/me and /users/:id, the more specific one answers.
  const router = new Router<State>({ exclusive: 'specificity' });
  userRoutes(router, clients);
  authRoutes(router, clients);
  productRoutes(router, clients);
  orderSubmitRoute(router, { ...deps, metrics: deps.orderMetrics });
  orderRoutes(router, { clients, orderReader, orderList });
  orderCommandRoutes(router, { orderReader, commands: deps.orderCommands });
  orderDetailsRoute(router, { clients, orderReader });
  orderEventsRoute(router, { orderReader, orderEvents: deps.orderEvents });
  paymentRoutes(router, clients);
  eventRoutes(router, clients);
  documentationRoutes(router, deps.operations.version);
  return router;
}
