/**
 * docs/guides/adding-a-service.md is true: its patch, applied to a copy of the project, compiles, stays within its walls, has its entry
 * wherever parts are listed, and the platform's own supervisor starts the service on a database of its own.
 */
import { randomUUID } from 'node:crypto';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClient } from '../../platform/rpc/client.ts';
import { startPlatform } from '../../testkit/platform.ts';
import { richError } from '../../testkit/refusal.ts';
import { codeOf, filesOf, readPatch } from './support/patch.ts';
import { createScratch, type Scratch } from './support/scratch.ts';

const PATCH = 'tests/guides/adding-a-service.patch';
const GUIDE = 'docs/guides/adding-a-service.md';

// The same in every service (ARCHITECTURE.md).
const SAME_IN_ALL = [
  ...['main', 'config', 'server'],
  ...['api/handler', 'api/requests', 'api/messages', 'api/errors'],
  ...['domain/errors', 'store/orm', 'store/migrations/001_initial', 'audit/rules'],
].map((name) => `${name}.ts`);
const SERVICES = ['users', 'products', 'orders', 'payments', 'notifications'];

// Milliseconds on a busy machine.
const PROTO_MS = 60_000;
const TYPES_MS = 180_000;
const START_MS = 180_000;
const LIMITS = { deadlineMs: 10_000 };

const ONLY_REVIEWS = `
import { PARTS } from './local/parts.ts';
import { runPlatform } from './local/supervisor/run-platform.ts';
process.exit(await runPlatform(PARTS.filter(({ name }) => name === 'reviews'), process.env));
`;

const WALLS = `
import { checkBoundaries } from './tools/checks/boundaries.ts';
const { violations } = await checkBoundaries(process.cwd(), ['services', 'platform', 'proto/gen']);
process.stdout.write(JSON.stringify(violations));
`;

let scratch: Scratch;

beforeAll(async () => {
  scratch = createScratch();
  await scratch.apply(PATCH);
  expect(await scratch.node(['tools/proto.ts'])).toMatchObject({ code: 0 });
  expect(await scratch.node(['tools/env-example.ts'])).toMatchObject({ code: 0 });
}, PROTO_MS);
afterAll(() => scratch.remove());

test('a service is a contract, a folder with the files of every service, and an entry in four lists', () => {
  const { files } = readPatch(PATCH);
  const own = files.filter((file) => file.startsWith('services/reviews/'));
  const lists = files.filter((file) => !own.includes(file) && !file.startsWith('proto/shopfast/reviews/'));

  expect(own).toEqual(expect.arrayContaining(SAME_IN_ALL.map((file) => `services/reviews/${file}`)));
  expect(lists.sort()).toEqual(['deploy/postgres/init.sh', 'docker-compose.yml', 'local/config.ts', 'local/parts.ts']);
  // Which files those are is looked up, not believed.
  for (const service of SERVICES) {
    const names = globSync(`services/${service}/**/*.ts`).map((file) => file.slice(`services/${service}/`.length));
    expect({ service, names }).toEqual({ service, names: expect.arrayContaining(SAME_IN_ALL) });
  }
});

test('the guide shows what the patch does', () => {
  const { files, added } = readPatch(PATCH);
  const code = codeOf(GUIDE);

  expect(code.length).toBeGreaterThanOrEqual(3);
  for (const block of code) expect(added).toContain(block);
  expect(filesOf(GUIDE).sort()).toEqual([...files].sort());
});

test(
  'types agree in the service and in what starts it',
  async () => {
    const include = ['services/reviews', 'local', 'tests/local', 'tests/deploy'];
    scratch.write('tsconfig.part.json', JSON.stringify({ extends: './tsconfig.json', include }));
    expect(await scratch.node(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.part.json'])).toEqual({ code: 0, output: '' });
  },
  TYPES_MS,
);

test(
  'the walls hold for it without a rule of its own',
  async () => {
    // The packages of a copy are a link: seen as where it lies and not as where it leads to.
    scratch.edit('.dependency-cruiser.cjs', (text) => text.replace('options: {', 'options: { preserveSymlinks: true,'));
    scratch.write('walls.mjs', WALLS);
    const { code, output } = await scratch.node(['walls.mjs']);
    expect(JSON.parse(output)).toEqual([]);
    expect(code).toBe(0);

    const server = scratch.read('services/reviews/server.ts');
    const review = scratch.read('services/reviews/domain/review.ts');
    scratch.write('services/reviews/server.ts', `import '../users/api/errors.ts';\n${server}`);
    scratch.write('services/reviews/domain/review.ts', `import '../store/orm.ts';\n${review}`);
    const found: unknown = JSON.parse((await scratch.node(['walls.mjs'])).output);
    expect(found).toEqual(
      expect.arrayContaining([
        'services-do-not-know-each-other: services/reviews/server.ts → services/users/api/errors.ts',
        'domain-knows-itself-only: services/reviews/domain/review.ts → services/reviews/store/orm.ts',
      ]),
    );
    scratch.write('services/reviews/server.ts', server);
    scratch.write('services/reviews/domain/review.ts', review);
  },
  PROTO_MS,
);

test(
  'it is in the compose file and gets its database there',
  async () => {
    const { code, output } = await scratch.jest(['tests/deploy/compose.test.ts']);
    expect(output).toContain('reviews gets an environment that its own schema accepts');
    expect(code).toBe(0);
  },
  PROTO_MS,
);

test(
  'its triggers, when it gets some, are looked at without being listed',
  async () => {
    const { code, output } = await scratch.jest(['tests/boundaries/triggers.test.ts'], ['-t', 'the triggers of reviews']);
    expect(output).toContain('the triggers of reviews guard');
    expect(code).toBe(0);
  },
  PROTO_MS,
);

test(
  'the supervisor starts it on a database and a role of its own; it answers calls and says that it is healthy',
  async () => {
    scratch.write('only-reviews.ts', ONLY_REVIEWS);
    const platform = await startPlatform({
      script: join(scratch.folder, 'only-reviews.ts'),
      env: { REVIEWS_PORT: '0', REVIEWS_HTTP_PORT: '0', TEMPORAL_ADDRESS: process.env.TEST_TEMPORAL_ADDRESS },
    });
    try {
      const { parts } = await platform.status();
      expect(parts.map(({ name, ready }) => [name, ready])).toEqual([
        ['postgres', true],
        ['reviews', true],
      ]);
      const [grpc = '', http = ''] = parts[1]?.address.split(', ') ?? [];
      expect(await (await fetch(`${http}/health/ready`)).json()).toMatchObject({ status: 'ready' });
      await tryCalls(grpc);
    } finally {
      await platform.stop();
    }
  },
  START_MS,
);

async function tryCalls(address: string): Promise<void> {
  const { ReviewsServiceService } = await import(join(scratch.folder, 'proto/gen/shopfast/reviews/v1/reviews.ts'));
  const client = createClient(ReviewsServiceService, { target: address });
  const call = async (name: string, request: object) => client.calls[name]?.(request, LIMITS);
  const review = { productId: randomUUID(), userId: randomUUID(), stars: 5, text: 'Holds coffee.' };
  const request = { ...review, idempotencyKey: randomUUID() };

  const written = await call('writeReview', request);
  expect(await call('writeReview', request)).toEqual(written);
  const again = call('writeReview', { ...request, idempotencyKey: randomUUID() });
  expect(await richError(again)).toMatchObject({ code: 'ALREADY_EXISTS', reason: 'conflict' });
  expect(await call('listReviews', { productId: review.productId })).toMatchObject({ reviews: [review] });
  expect(await call('audit', {})).toMatchObject({ findings: [{ rule: 'reviews_of_the_past', checked: 1, violations: 0 }] });
  client.close();
}
