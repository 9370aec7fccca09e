// What `npm run <name>` runs, and what it needs first.
//   script    a TypeScript file, run by the Node that the packages bring
//   dev       needs the development packages too
//   temporal  needs the Temporal server's binary, unless TEMPORAL_ADDRESS points elsewhere
//   arguments given before those of the user
//   flags     for Node itself
//   itself    stops by itself, in order, when the process above it is gone
export const COMMANDS = {
  start: {
    says: 'bring up the whole platform',
    script: 'local/start.ts',
    flags: ['--max-semi-space-size=2'],
    temporal: true,
    itself: true,
  },
  stop: { says: 'stop it', script: 'local/stop.ts' },
  status: { says: 'each part, its health, and why it is not ready', script: 'tools/status.ts' },
  demo: { says: 'place a good, a declined and an out-of-stock order', script: 'local/demo/main.ts', temporal: true },
  reset: { says: 'forget all data', script: 'local/reset.ts' },
  test: {
    says: 'run the tests; arguments go to Jest',
    script: 'node_modules/jest/bin/jest.js',
    flags: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
    dev: true,
    temporal: 'always',
  },
  verify: { says: 'formats, types, boundaries, generated files, docs', script: 'tools/verify.ts', dev: true },
  proto: { says: 'generate the code of the contracts', script: 'tools/proto.ts', dev: true },
  replay: { says: "hold today's workflow code against recorded histories", script: 'workers/replay.ts' },
  'replay:export': { says: 'record histories from a running platform', script: 'tools/replay-export.ts' },
  reconcile: { says: 'compare the books of all services, and repair with --repair', script: 'tools/reconcile.ts' },
  faults: {
    says: 'kill parts of a platform of its own while it takes orders, or attack it: --case kills, --case raw-sockets',
    script: 'tests/faults/main.ts',
    dev: true,
    temporal: 'always',
  },
  env: { says: 'write .env.example from the configuration schemas', script: 'tools/env-example.ts', dev: true },
  anatomy: { says: "write the guide through an order's history", script: 'tools/anatomy.ts', dev: true },
  saga: { says: "write the saga's steps into the documents", script: 'tools/saga-doc.ts', dev: true },
  bench: { says: 'figures side by side; takes about ten minutes', script: 'bench/main.ts', dev: true, temporal: 'always' },
  'bench:parts': {
    says: 'single parts beside the least that could do the same; takes about five minutes',
    script: 'bench/parts.ts',
    dev: true,
    temporal: 'always',
  },
  'bench:last-unit': {
    says: 'one unit and a thousand buyers; takes about five minutes',
    script: 'bench/last-unit.ts',
    dev: true,
    temporal: 'always',
  },
  format: {
    says: 'format the sources',
    script: 'node_modules/@biomejs/biome/bin/biome',
    arguments: ['check', '--write', '.'],
    dev: true,
  },
};

export function describeCommands() {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return Object.entries(COMMANDS).map(([name, { says }]) => `  npm run ${name.padEnd(width)}  ${says}`);
}
