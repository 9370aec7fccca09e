import Router from '@koa/router';
import Koa from 'koa';
import type { Logger } from '../platform/telemetry/logs.ts';
import type { Metrics } from '../platform/telemetry/metrics.ts';
import { limitInFlight, limitPerCaller } from './admission/in-flight.ts';
import { adjustStock, createProduct, updateProduct } from './catalogue/administer.ts';
import { readProduct, readProducts, searchProducts } from './catalogue/browse.ts';
import type { Clients } from './clients.ts';
import { listEvents } from './events/list.ts';
import type { App, State } from './http/context.ts';
import { type DocsDeps, readDocs, readDocsScript, readDocsStart, readDocsStyle, readOpenApi, readRoot } from './http/docs.ts';
import { accessLog } from './http/middleware/access-log.ts';
import { closeWhenDraining } from './http/middleware/draining.ts';
import { type Health, health } from './http/middleware/health.ts';
import { createMethodsAt, knownMethods, type MethodsAt } from './http/middleware/known-methods.ts';
import { newestVersion } from './http/middleware/newest-version.ts';
import { problemErrors } from './http/middleware/problem-errors.ts';
import { requestContext } from './http/middleware/request-context.ts';
import { securityHeaders } from './http/middleware/security-headers.ts';
import { openApiDocument } from './http/openapi.ts';
import { type Operation, type Route, serve } from './http/route.ts';
import type { ApiClient } from './identity/api-client.ts';
import type { Caller } from './identity/caller.ts';
import { identifyCaller } from './identity/identify-caller.ts';
import { identifyClient } from './identity/identify-client.ts';
import { cancelOrder, deliverOrder, shipOrder } from './orders/commands.ts';
import { resolveCompensation, retryCompensation } from './orders/compensation.ts';
import { readOrderDetails } from './orders/details.ts';
import type { OrderFeed } from './orders/feed.ts';
import { listOrders } from './orders/list.ts';
import type { OrderMetrics } from './orders/metrics.ts';
import { type OrderReader, readOrder, readOrderStatus } from './orders/read.ts';
import { returnOrder } from './orders/returns.ts';
import { streamOrderEvents } from './orders/stream.ts';
import { submitOrder } from './orders/submit.ts';
import type { OrderWorkflow } from './orders/workflow/workflow.ts';
import { readPayment, validatePaymentMethod } from './payments/payments.ts';
import { receiveProviderEvent } from './provider-events/receive.ts';
import { login, logout, readKeys, refresh } from './users/authentication.ts';
import { readOwnUser, readUser, registerUser, updateUser } from './users/profile.ts';
import { listEventDeliveries, replayEventDelivery } from './webhooks/deliveries.ts';
import { listWebhooks, registerWebhook, removeWebhook } from './webhooks/webhooks.ts';

export type AppDeps = {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly clients: Clients;
  readonly workflow: OrderWorkflow;
  readonly orderReader: OrderReader;
  readonly orderFeed: OrderFeed;
  readonly orderMetrics: OrderMetrics;
  readonly findApiClient: (key: string) => Promise<ApiClient | undefined>;
  readonly verifyToken: (token: string) => Promise<Caller>;
  /** Signs the payment provider's events; undefined: none is taken. */
  readonly providerWebhookSecret: string | undefined;
  readonly requestsMax: number;
  readonly requestsPerCallerMax: number;
  readonly defaultWaitMs: number;
  readonly stepLimitMs: number;
  readonly returnWindowMs: number;
};

/** The way of a request, outermost first. The route reads the body, after the caller is known (http/input.ts). */
export function createApp(deps: AppDeps): { readonly app: App; readonly methodsAt: MethodsAt } {
  const app: App = new Koa<State>();
  app.use(closeWhenDraining(deps.health.draining));
  app.use(health(deps.health));
  app.use(requestContext());
  app.use(accessLog(deps));
  app.use(securityHeaders());
  app.use(problemErrors(deps.logger));
  app.use(limitInFlight(deps.requestsMax));
  app.use(identifyClient(deps.findApiClient));
  app.use(identifyCaller(deps.verifyToken));
  app.use(limitPerCaller(deps.requestsPerCallerMax));
  app.use(newestVersion());
  const router = createRouter(deps);
  const methodsAt = createMethodsAt(router);
  app.use(knownMethods(methodsAt));
  app.use(router.routes());
  app.on('error', (error: unknown) => deps.logger.debug({ error }, 'A connection broke'));
  return { app, methodsAt };
}

const ROUTES: readonly Route<AppDeps & DocsDeps>[] = [
  registerUser,
  readOwnUser,
  readUser,
  updateUser,
  login,
  refresh,
  logout,
  readKeys,
  searchProducts,
  readProduct,
  readProducts,
  createProduct,
  updateProduct,
  adjustStock,
  submitOrder,
  listOrders,
  readOrder,
  readOrderStatus,
  readOrderDetails,
  streamOrderEvents,
  cancelOrder,
  returnOrder,
  shipOrder,
  deliverOrder,
  retryCompensation,
  resolveCompensation,
  validatePaymentMethod,
  readPayment,
  receiveProviderEvent,
  registerWebhook,
  listWebhooks,
  removeWebhook,
  listEventDeliveries,
  replayEventDelivery,
  listEvents,
  readRoot,
  readOpenApi,
  readDocs,
  readDocsScript,
  readDocsStart,
  readDocsStyle,
];

/** Every operation that the gateway serves. */
export const OPERATIONS: readonly Operation[] = ROUTES.map(({ operation }) => operation);

export function createRouter(deps: AppDeps) {
  // Of two patterns that match, such as /users/me and /users/:id, the more specific one answers.
  const router = new Router<State>({ exclusive: 'specificity' });
  const openApi = JSON.stringify(openApiDocument(deps.health.version, OPERATIONS));
  for (const { operation, handler } of ROUTES) serve(router, operation, handler({ ...deps, openApi }));
  return router;
}
