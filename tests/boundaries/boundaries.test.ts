import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { checkBoundaries } from '../../tools/checks/boundaries.ts';

const fixture = fileURLToPath(new URL('./fixture', import.meta.url));

test('imports through a wall are reported, each by the rule that forbids it', async () => {
  const report = await checkBoundaries(fixture, ['services', 'workflows', 'gateway', 'platform']);

  expect(report.modules).toBe(6);
  expect([...report.violations].sort()).toEqual([
    'gateway-doors: gateway/routes.ts → services/orders/service.ts',
    'no-cycles: platform/logger.ts → platform/second.ts',
    'platform-knows-no-domain: platform/logger.ts → services/users/service.ts',
    'services-do-not-know-each-other: services/orders/service.ts → services/users/service.ts',
    'workflows-import-contracts-only: workflows/order.ts → platform/logger.ts',
  ]);
});
