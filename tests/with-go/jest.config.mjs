// What needs programs that are built with Go: `npm run verify -- --with-go`. The first time builds them, about ten minutes.
export default {
  rootDir: '../..',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  testMatch: ['<rootDir>/tests/with-go/**/*.test.ts'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
