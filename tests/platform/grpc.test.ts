import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DomainError } from '../../platform/domain-error.ts';
import { CLIENT_INTERCEPTORS, createClient, type GrpcClient } from '../../platform/rpc/client.ts';
import { createToStatus } from '../../platform/rpc/domain-status.ts';
import type { ClientInterceptor } from '../../platform/rpc/interceptor.ts';
import { createGrpcServer, type GrpcServer, served } from '../../platform/rpc/server.ts';
import { StatusError, statusBytes, statusFrom } from '../../platform/rpc/status-error.ts';
import { contextFrom, currentContext, type RequestContext, withContext } from '../../platform/telemetry/context.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { OutboxServiceService } from '../../proto/gen/shopfast/events/v1/events.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { eventually } from '../../testkit/eventually.ts';
import { onlyThese } from '../../testkit/fakes/handlers.ts';

const refused = new StatusError({
  code: 'FAILED_PRECONDITION',
  reason: 'insufficient_stock',
  message: 'Too few left',
  facts: { product_id: 'p1', available_quantity: '2' },
  violations: [{ field: 'lines.0.quantity', description: 'at most 2' }],
  retryDelayMs: 1_500,
});

const metrics = createMetrics('test', '0');
let server: GrpcServer;
let client: GrpcClient<typeof UsersServiceService>;
const seen: { context: RequestContext | undefined; further: unknown } = { context: undefined, further: undefined };

beforeAll(async () => {
  server = await createGrpcServer({
    definition: UsersServiceService,
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('test', 'fatal'),
    metrics,
    toStatus: createToStatus<'not_found' | 'email_taken'>({ not_found: 'NOT_FOUND', email_taken: 'ALREADY_EXISTS' }),
    handlers: onlyThese(UsersServiceService, {
      createUser: () => Promise.reject(refused),
      authenticateUser: () => Promise.reject(new Error('password=hunter2')),
      getUser: () => new Promise<never>(() => undefined),
      validateUser: async ({ userId }) => {
        seen.context = currentContext();
        return { userId };
      },
      revokeToken: () => Promise.reject(new DomainError('not_found', 'There is no such token', { facts: { token_id: 't1' } })),
      // Asks further and takes its time.
      getJwks: async () => {
        seen.further = await client.calls.getUser({ userId: 'u' }, { deadlineMs: 60_000 }).catch((error: unknown) => error);
        throw seen.further;
      },
    }),
    alsoServe: [served(OutboxServiceService, onlyThese(OutboxServiceService, { markRelayed: async () => ({}) }))],
  });
  client = createClient(UsersServiceService, { target: `127.0.0.1:${server.port}` });
});

afterAll(async () => {
  client.close();
  await server.close();
});

test('a domain error crosses the wire whole', async () => {
  const call = client.calls.createUser(
    { idempotencyKey: '', email: '', password: '', name: '', address: undefined },
    { deadlineMs: 5_000 },
  );

  const { code, reason, message, facts, violations, retryDelayMs } = refused;
  await expect(call).rejects.toMatchObject({ code, reason, message, facts, violations, retryDelayMs });
});

test("a domain error that a handler throws is answered by the service's table", async () => {
  await expect(client.calls.revokeToken({ refreshToken: 't' }, { deadlineMs: 5_000 })).rejects.toMatchObject({
    code: 'NOT_FOUND',
    reason: 'not_found',
    message: 'There is no such token',
    facts: { token_id: 't1' },
  });
});

test('an unexpected error is INTERNAL and takes nothing of its message along', async () => {
  const error = await client.calls.authenticateUser({ email: '', password: '' }, { deadlineMs: 5_000 }).catch((e: unknown) => e);

  expect(error).toMatchObject({ code: 'INTERNAL', reason: 'internal', message: 'Internal error' });
  expect(JSON.stringify(error)).not.toContain('hunter2');
});

test('a call that outlasts its deadline ends with DEADLINE_EXCEEDED', async () => {
  await expect(client.calls.getUser({ userId: 'u' }, { deadlineMs: 50 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
});

test('an aborted call ends with CANCELLED', async () => {
  const controller = new AbortController();
  const call = client.calls.getUser({ userId: 'u' }, { deadlineMs: 5_000, signal: controller.signal });
  controller.abort();

  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('a call out of a call ends with it, whatever its own deadline is', async () => {
  await expect(client.calls.getJwks({}, { deadlineMs: 100 })).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await eventually(
    async () => seen.further,
    (error) => error instanceof StatusError,
  );
  seen.further = undefined;

  const controller = new AbortController();
  const cancelled = client.calls.getJwks({}, { deadlineMs: 60_000, signal: controller.signal });
  setTimeout(() => controller.abort(), 50);
  await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
  await eventually(
    async () => seen.further,
    (error) => error instanceof StatusError && error.code === 'CANCELLED',
  );
});

test('a call whose signal is aborted already is not sent', async () => {
  const call = client.calls.getUser({ userId: 'u' }, { deadlineMs: 5_000, signal: AbortSignal.abort() });

  await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
});

test('interceptors run in their order around every call, and one that throws ends the call', async () => {
  const order: string[] = [];
  const named =
    (name: string): ClientInterceptor =>
    async (call, next) => {
      order.push(`${name} ${call.target} ${call.method}`);
      const response = await next(call);
      order.push(name);
      return response;
    };
  const target = `127.0.0.1:${server.port}`;
  const method = '/shopfast.users.v1.UsersService/ValidateUser';
  const intercepted = createClient(UsersServiceService, {
    target,
    interceptors: [named('outer'), ...CLIENT_INTERCEPTORS, named('inner')],
  });
  const shed = createClient(UsersServiceService, { target, interceptors: [() => Promise.reject(refused), named('never')] });

  await intercepted.calls.validateUser({ userId: 'u' }, { deadlineMs: 5_000 });
  await expect(shed.calls.validateUser({ userId: 'u' }, { deadlineMs: 5_000 })).rejects.toBe(refused);

  expect(order).toEqual([`outer ${target} ${method}`, `inner ${target} ${method}`, 'inner', 'outer']);
  intercepted.close();
  shed.close();
});

test('the trace of the caller goes on in the server', async () => {
  const context = contextFrom('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'vendor=1,other=2');

  await withContext(context, () => client.calls.validateUser({ userId: 'u' }, { deadlineMs: 5_000 }));

  expect(seen.context?.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
  expect(seen.context?.spanId).not.toBe('b7ad6b7169203331');
  expect(seen.context?.traceState?.serialize()).toBe('vendor=1,other=2');
});

test('calls are counted by method and code where they are answered, and by target as well where they are sent', async () => {
  const text = await metrics.registry.metrics();

  expect(text).toContain(
    'grpc_server_handled_total{method="/shopfast.users.v1.UsersService/CreateUser",code="FAILED_PRECONDITION"',
  );
  expect(text).toContain(
    `grpc_client_handled_total{target="127.0.0.1:${server.port}",method="/shopfast.users.v1.UsersService/CreateUser",code="FAILED_PRECONDITION"`,
  );
  expect(text).toContain(`grpc_client_handling_seconds_count{`);
});

test('a service beside another is answered on the same port, and its calls are counted as its own', async () => {
  const beside = createClient(OutboxServiceService, { target: `127.0.0.1:${server.port}` });
  expect(await beside.calls.markRelayed({ eventIds: [] }, { deadlineMs: 5_000 })).toEqual({});
  await expect(beside.calls.listUnrelayed({ limit: 0 }, { deadlineMs: 5_000 })).rejects.toMatchObject({ code: 'INTERNAL' });
  beside.close();
  expect(await metrics.registry.metrics()).toContain(
    'grpc_server_handled_total{method="/shopfast.events.v1.OutboxService/MarkRelayed",code="OK"',
  );
});

test('a server that is not there is UNAVAILABLE, at once', async () => {
  const nobody = createClient(UsersServiceService, { target: '127.0.0.1:1' });

  await expect(nobody.calls.validateUser({ userId: 'u' }, { deadlineMs: 5_000 })).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    reason: 'unavailable',
  });
  nobody.close();
});

test('a stored status reads back as it was', () => {
  const { code, reason, message, facts, violations, retryDelayMs } = refused;
  expect(statusFrom(statusBytes(refused))).toMatchObject({ code, reason, message, facts, violations, retryDelayMs });
});
