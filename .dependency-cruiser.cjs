// The doors between the rooms (ARCHITECTURE.md). Every room may use itself, Node's own modules and npm packages, except
// the packages that a rule keeps to their rooms.
const NPM = '^node_modules/';
const GEN = '^proto/gen/';
const PLATFORM = '^platform/';
const CONTRACTS = '^contracts/';

function only(name, from, allowed) {
  return { name, severity: 'error', from: { path: from }, to: { pathNot: allowed, dependencyTypesNot: ['core'] } };
}

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    { name: 'nothing-imports-tests', severity: 'error', from: { pathNot: '^(tests|bench)/' }, to: { path: '^tests/' } },
    only('generated-code-imports-npm-only', GEN, [GEN, NPM]),
    only('contracts-import-temporal-only', CONTRACTS, [CONTRACTS, '^node_modules/@temporalio/(common|workflow)/']),
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
      '^node_modules/@temporalio/(activity|common)/',
    ]),
    only('workers-doors', '^workers/', ['^workers/', '^activities/', CONTRACTS, GEN, PLATFORM, NPM]),
    only('services-do-not-know-each-other', '^services/([^/]+)/', ['^services/$1/', GEN, PLATFORM, NPM]),
    only('gateway-doors', '^gateway/', ['^gateway/', CONTRACTS, GEN, PLATFORM, NPM]),
    only('simulators-import-platform-only', '^simulators/', ['^simulators/', PLATFORM, NPM]),
    only('tools-doors', '^tools/(?!env-example)', ['^tools/', '^\\.dependency-cruiser\\.cjs$', CONTRACTS, GEN, PLATFORM, NPM]),
    only('env-example-reads-configs', '^tools/env-example', ['^tools/', PLATFORM, NPM, '/config\\.ts$']),
    only('platform-knows-no-domain', PLATFORM, [PLATFORM, '^proto/gen/google/', NPM, '^package\\.json$']),
    only('local-starts-processes-only', '^local/', ['^local/', PLATFORM, NPM]),
    {
      name: 'mikro-orm-stays-in-services',
      severity: 'error',
      from: { pathNot: '^(services/|platform/persistence/|tests/|node_modules/)' },
      to: { path: '^node_modules/@mikro-orm/' },
    },
    {
      name: 'koa-stays-in-the-gateway',
      severity: 'error',
      from: { pathNot: '^(gateway/|console/|platform/http/|tests/|node_modules/)' },
      to: { path: '^node_modules/(@koa/|koa)' },
    },
    {
      name: 'grpc-js-stays-in-platform-and-generated-code',
      severity: 'error',
      from: { pathNot: '^(platform/(rpc|discovery)/|proto/gen/|tests/|node_modules/)' },
      to: { path: '^node_modules/@grpc/grpc-js/' },
    },
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
