import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';
import { type BoundaryReport, checkBoundaries } from '../../tools/checks/boundaries.ts';

/** What each rule forbids, as imports of one file by another; targets below node_modules are packages. */
const FORBIDDEN: Readonly<Record<string, readonly (readonly [from: string, to: string])[]>> = {
  'no-cycles': [['platform/cycle/one.ts', 'platform/cycle/two.ts']],
  resolvable: [['platform/lost.ts', 'platform/nowhere.ts']],
  'nothing-imports-tests': [['bench/tested.ts', 'tests/support.ts']],
  'only-tests-import-bench': [['gateway/measured.ts', 'bench/load.ts']],
  'only-tests-and-bench-import-testkit': [['local/shopping.ts', 'testkit/shop.ts']],
  'generated-code-imports-npm-only': [['proto/gen/shopfast/users/v1/users.ts', 'platform/logger.ts']],
  'contracts-import-temporal-and-reasons-only': [
    ['contracts/orders.ts', 'proto/gen/shopfast/orders/v1/orders.ts'],
    ['contracts/start.ts', 'node_modules/@temporalio/client'],
  ],
  'workflows-import-contracts-only': [
    ['workflows/order.ts', 'platform/logger.ts'],
    ['workflows/events.ts', 'proto/gen/shopfast/orders/v1/orders.ts'],
  ],
  'activities-doors': [['activities/orders.ts', 'services/orders/server.ts']],
  'workers-doors': [['workers/main.ts', 'services/orders/server.ts']],
  'services-do-not-know-each-other': [
    ['services/payments/server.ts', 'services/orders/server.ts'],
    ['services/users/server.ts', 'contracts/ids.ts'],
  ],
  'api-does-not-know-store': [['services/orders/api/handler.ts', 'services/orders/store/orm.ts']],
  'domain-knows-itself-only': [
    ['services/orders/domain/order.ts', 'services/orders/store/orm.ts'],
    ['services/orders/domain/ship-order.ts', 'services/orders/api/errors.ts'],
    ['services/orders/domain/errors.ts', 'platform/rpc/status-error.ts'],
    ['services/orders/domain/messages.ts', 'proto/gen/shopfast/orders/v1/orders.ts'],
    ['services/orders/domain/calls.ts', 'node_modules/nice-grpc'],
  ],
  'store-knows-domain-only': [['services/orders/store/orders.ts', 'services/orders/api/errors.ts']],
  'audit-knows-domain-only': [['services/orders/audit/rules.ts', 'services/orders/store/orm.ts']],
  'gateway-doors': [['gateway/routes.ts', 'services/orders/server.ts']],
  'simulators-import-platform-only': [['simulators/payment-provider/api.ts', 'contracts/ids.ts']],
  'tools-doors': [['tools/status.ts', 'local/parts.ts']],
  'env-example-reads-configs': [['tools/env-example.ts', 'services/orders/server.ts']],
  'platform-knows-no-domain': [
    ['platform/people.ts', 'services/orders/server.ts'],
    ['platform/prices.ts', 'proto/gen/shopfast/orders/v1/orders.ts'],
  ],
  'local-starts-processes-only': [['local/start.ts', 'gateway/main.ts']],
  'testkit-doors': [['testkit/fake.ts', 'gateway/main.ts']],
  'bench-is-a-client': [['bench/main.ts', 'services/orders/server.ts']],
  'bare-worker-has-the-settings-of-workers': [['bench/bare/worker.ts', 'workflows/none.ts']],
  'mikro-orm-stays-in-services': [['gateway/entities.ts', 'node_modules/@mikro-orm/core']],
  'koa-stays-in-the-gateway': [['services/orders/web.ts', 'node_modules/koa']],
  'grpc-js-stays-in-platform-and-generated-code': [['services/orders/grpc.ts', 'node_modules/@grpc/grpc-js']],
  'open-telemetry-sdk-stays-in-telemetry': [['gateway/tracing.ts', 'node_modules/@opentelemetry/sdk-node']],
};

/** Imports that pass through a door. */
const ALLOWED: readonly (readonly [from: string, to: string, type?: 'type'])[] = [
  ['contracts/reasons.ts', 'proto/gen/shopfast/reasons/v1/reasons.ts'],
  ['services/users/api/handler.ts', 'services/users/domain/user.ts'],
  ['services/users/api/messages.ts', 'services/users/store/effects.ts', 'type'],
  ['services/users/store/orm.ts', 'services/users/domain/user.ts'],
  ['services/users/domain/user.ts', 'platform/domain-error.ts'],
  ['services/users/domain/password.ts', 'node_modules/@mikro-orm/core'],
  ['testkit/platform.ts', 'local/config.ts'],
  ['bench/parts.ts', 'testkit/platform.ts'],
  ['platform/outbox/handler.ts', 'proto/gen/shopfast/events/v1/events.ts'],
];

const ROOMS = [
  ...['proto', 'contracts', 'workflows', 'activities', 'workers', 'services', 'gateway', 'simulators'],
  ...['tools', 'platform', 'local', 'testkit', 'bench'],
];
const PACKAGE = 'node_modules/';

let root: string;
let report: BoundaryReport;

beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'shopfast-boundaries-')));
  const imports: typeof ALLOWED = [...Object.values(FORBIDDEN).flat(), ...ALLOWED];
  for (const [, to] of imports) if (to !== 'platform/nowhere.ts') writeTarget(to);
  for (const [from, to, type] of imports) {
    write(from, `import ${type ? 'type { Thing } from ' : ''}'${specifier(from, to)}';\n`);
  }
  write('platform/cycle/two.ts', `import './one.ts';\n`);
  report = await checkBoundaries(root, ROOMS);
});
afterAll(() => rmSync(root, { recursive: true }));

function specifier(from: string, to: string): string {
  if (to.startsWith(PACKAGE)) return to.slice(PACKAGE.length);
  const path = relative(dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}

function writeTarget(path: string): void {
  if (!path.startsWith(PACKAGE)) {
    write(path, 'export {};\n');
    return;
  }
  write(`${path}/package.json`, JSON.stringify({ name: path.slice(PACKAGE.length), main: 'index.js' }));
  write(`${path}/index.js`, '');
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** The rules that an import violates. */
function rulesAgainst([from, to]: readonly [from: string, to: string, type?: 'type']): string[] {
  const target = to.startsWith(PACKAGE) ? `${to}/` : to;
  const tail = to === 'platform/nowhere.ts' ? './nowhere.ts' : target;
  return report.violations.filter((line) => line.includes(`: ${from} → ${tail}`)).map((line) => line.split(':')[0] ?? '');
}

test('every rule of the configuration has an import that it must forbid', () => {
  const require = createRequire(import.meta.url);
  const { forbidden } = z
    .object({ forbidden: z.array(z.object({ name: z.string() })) })
    .parse(require('../../.dependency-cruiser.cjs'));
  expect(Object.keys(FORBIDDEN).sort()).toEqual(forbidden.map(({ name }) => name).sort());
});

test.each(Object.entries(FORBIDDEN))('%s forbids what it is there for', (rule, imports) => {
  for (const pair of imports)
    expect({ pair, rules: rulesAgainst(pair) }).toEqual({ pair, rules: expect.arrayContaining([rule]) });
});

test('an import through a door is no violation', () => {
  expect(report.modules).toBeGreaterThan(50);
  expect(ALLOWED.flatMap(rulesAgainst)).toEqual([]);
});
