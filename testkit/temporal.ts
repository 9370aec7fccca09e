import { Client, Connection } from '@temporalio/client';

export type TestTemporal = Awaited<ReturnType<typeof createTestTemporal>>;

/** A client of the tests' shared Temporal server. Tests keep apart by task queue and workflow id. */
export async function createTestTemporal() {
  const address = process.env.TEST_TEMPORAL_ADDRESS;
  if (!address)
    throw new Error('TEST_TEMPORAL_ADDRESS is not set: run tests with "npm test", whose global set-up starts Temporal');
  const namespace = 'default';
  const connection = await Connection.connect({ address });
  return {
    address,
    namespace,
    connection,
    client: new Client({ connection, namespace }),
    close: () => connection.close(),
  };
}
