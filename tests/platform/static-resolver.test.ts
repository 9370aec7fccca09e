import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClient } from '../../platform/rpc/client.ts';
import { createGrpcServer, type GrpcServer } from '../../platform/rpc/server.ts';
import { createLogger } from '../../platform/telemetry/logs.ts';
import { createMetrics } from '../../platform/telemetry/metrics.ts';
import { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { onlyThese } from '../../testkit/fakes/handlers.ts';

const LIMITS = { deadlineMs: 5_000 };
const UNUSED = '127.0.0.1:1';

let instances: readonly [GrpcServer, GrpcServer];

beforeAll(async () => {
  instances = await Promise.all([serve('first'), serve('second')]);
});

afterAll(async () => {
  for (const instance of instances) await instance.close();
});

function serve(name: string): Promise<GrpcServer> {
  return createGrpcServer({
    definition: UsersServiceService,
    handlers: onlyThese(UsersServiceService, { validateUser: async () => ({ userId: name }) }),
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('test', 'silent'),
    metrics: createMetrics('test', '0'),
  });
}

async function answers(target: string, calls: number): Promise<string[]> {
  const client = createClient(UsersServiceService, { target });
  await client.ready(5_000);
  const seen: string[] = [];
  for (let call = 0; call < calls; call += 1) seen.push((await client.calls.validateUser({ userId: 'u' }, LIMITS)).userId);
  client.close();
  return seen;
}

test('calls to a static target are spread over its instances', async () => {
  const [first, second] = instances;
  const seen = await answers(`static:///127.0.0.1:${first.port},127.0.0.1:${second.port}`, 40);
  expect(new Set(seen)).toEqual(new Set(['first', 'second']));
});

test('an instance that cannot be reached gets no call', async () => {
  const [first] = instances;
  expect(new Set(await answers(`static:///${UNUSED},127.0.0.1:${first.port}`, 10))).toEqual(new Set(['first']));
});

test('a name is a target as well, and so is an address alone', async () => {
  const [first] = instances;
  expect(await answers(`dns:///localhost:${first.port}`, 1)).toEqual(['first']);
  expect(await answers(`127.0.0.1:${first.port}`, 1)).toEqual(['first']);
});

test('instances that are all away are UNAVAILABLE, and are not dialled without a pause', async () => {
  const client = createClient(UsersServiceService, { target: `static:///${UNUSED}` });
  const before = process.cpuUsage();
  await expect(client.calls.validateUser({ userId: 'u' }, LIMITS)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const { user, system } = process.cpuUsage(before);
  expect(user + system).toBeLessThan(250_000);
  client.close();
});

test('a list that has something else than host:port is refused where the client is created', () => {
  expect(() => createClient(UsersServiceService, { target: 'static:///orders' })).toThrow('host:port');
});
