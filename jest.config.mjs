// Node strips the types itself, so nothing is transformed; `npm test` sets the flag that ES modules need in Jest.
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  // Needs programs that are built with Go: `npm run verify -- --with-go`.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/tests/with-go/'],
  globalSetup: '<rootDir>/testkit/jest/global-setup.ts',
  globalTeardown: '<rootDir>/testkit/jest/global-teardown.ts',
  testTimeout: 60_000,
  maxWorkers: 2,
};
