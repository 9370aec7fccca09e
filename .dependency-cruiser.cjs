// The doors between the rooms (ARCHITECTURE.md). Every room may use itself, Node's own modules and npm packages, except
// the packages that a rule keeps to their rooms. tests/boundaries holds a violation of each rule.
const NPM = '^node_modules/';
const GEN = '^proto/gen/';
const PLATFORM = '^platform/';
const CONTRACTS = '^contracts/';

// Of platform, all but what speaks gRPC or is a process's outside.
const PLATFORM_BEHIND_API = '^platform/(?!rpc/|http/|lifecycle/|control/|idempotency/idempotent|outbox/handler)';
const NPM_BEHIND_API = '^node_modules/(?!@grpc/|@bufbuild/protobuf/|nice-grpc)';

function only(name, from, allowed) {
  return { name, severity: 'error', from: { path: from }, to: { pathNot: allowed, dependencyTypesNot: ['core'] } };
}

/** The packages that match `packages` are imported in these rooms only. */
function stays(name, rooms, packages) {
  return { name, severity: 'error', from: { pathNot: [...rooms, '^tests/', NPM] }, to: { path: packages } };
}

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'nothing-imports-tests', severity: 'error', from: { pathNot: '^tests/' }, to: { path: '^tests/' } },
    { name: 'only-tests-import-bench', severity: 'error', from: { pathNot: '^(tests|bench)/' }, to: { path: '^bench/' } },
    {
      name: 'only-tests-and-bench-import-testkit',
      severity: 'error',
      from: { pathNot: '^(tests|bench|testkit)/' },
      to: { path: '^testkit/' },
    },
    only('generated-code-imports-npm-only', GEN, [GEN, NPM]),
    only('contracts-import-temporal-and-reasons-only', CONTRACTS, [
      CONTRACTS,
      '^proto/gen/shopfast/reasons/',
      '^node_modules/@temporalio/(common|workflow)/',
    ]),
    only('workflows-import-contracts-only', '^workflows/', [
      '^workflows/',
      CONTRACTS,
      '^node_modules/@temporalio/(common|workflow)/',
    ]),
    only('activities-doors', '^activities/', [
      '^activities/',
      CONTRACTS,
      GEN,
      PLATFORM,
      '^node_modules/(zod|@temporalio/(activity|common))/',
    ]),
    only('workers-doors', '^workers/', ['^workers/', '^activities/', CONTRACTS, GEN, PLATFORM, NPM]),
    only('services-do-not-know-each-other', '^services/([^/]+)/', ['^services/$1/', GEN, PLATFORM, NPM]),
    // Within a service: api → domain, store → domain, domain → nothing; the service's root wires them.
    // The types of what the root hands to api may be those of store.
    {
      name: 'api-does-not-know-store',
      severity: 'error',
      from: { path: '^services/([^/]+)/api/' },
      to: {
        pathNot: ['^services/$1/(api|domain|audit)/', GEN, PLATFORM, NPM],
        dependencyTypesNot: ['core', 'type-only', 'pre-compilation-only'],
      },
    },
    only('domain-knows-itself-only', '^services/([^/]+)/domain/', ['^services/$1/domain/', PLATFORM_BEHIND_API, NPM_BEHIND_API]),
    only('store-knows-domain-only', '^services/([^/]+)/store/', [
      '^services/$1/(store|domain)/',
      PLATFORM_BEHIND_API,
      NPM_BEHIND_API,
    ]),
    only('audit-knows-domain-only', '^services/([^/]+)/audit/', [
      '^services/$1/(audit|domain)/',
      PLATFORM_BEHIND_API,
      NPM_BEHIND_API,
    ]),
    only('gateway-doors', '^gateway/', ['^gateway/', CONTRACTS, GEN, PLATFORM, NPM]),
    only('simulators-import-platform-only', '^simulators/', ['^simulators/', PLATFORM, NPM]),
    only('tools-doors', '^tools/(?!env-example)', ['^tools/', '^\\.dependency-cruiser\\.cjs$', CONTRACTS, GEN, PLATFORM, NPM]),
    only('env-example-reads-configs', '^tools/env-example', ['^tools/', PLATFORM, NPM, '/config\\.ts$']),
    only('platform-knows-no-domain', PLATFORM, [
      PLATFORM,
      '^proto/gen/(google|shopfast/(events|reasons|registry))/',
      NPM,
      '^package\\.json$',
    ]),
    only('local-starts-processes-only', '^local/', ['^local/', PLATFORM, NPM]),
    only('testkit-doors', '^testkit/', ['^testkit/', '^local/', CONTRACTS, GEN, PLATFORM, NPM]),
    // The rival's worker has the product's own settings.
    only('bench-is-a-client', '^bench/(?!bare/worker)', ['^bench/', '^testkit/', CONTRACTS, GEN, PLATFORM, NPM]),
    only('bare-worker-has-the-settings-of-workers', '^bench/bare/worker', ['^bench/', '^workers/', NPM]),
    stays(
      'mikro-orm-stays-in-services',
      ['^services/', '^platform/(persistence|outbox)/', '^testkit/'],
      '^node_modules/@mikro-orm/',
    ),
    stays('koa-stays-in-the-gateway', ['^gateway/', '^console/', '^platform/http/'], '^node_modules/(@koa/|koa)'),
    stays(
      'grpc-js-stays-in-platform-and-generated-code',
      ['^platform/(rpc|discovery)/', GEN, '^bench/bare/'],
      '^node_modules/@grpc/grpc-js/',
    ),
    stays(
      'open-telemetry-sdk-stays-in-telemetry',
      ['^platform/telemetry/'],
      '^node_modules/@opentelemetry/(sdk|exporter|instrumentation)',
    ),
  ],
  options: {
    // TypeScript 7 has no JavaScript API; with the default parser the tool would see no modules and report no violations.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: '^node_modules/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'require'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
