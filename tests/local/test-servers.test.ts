import { expect, test } from '@jest/globals';
import pg from 'pg';
import { createDatabase } from '../../testkit/database.ts';
import { createTestTemporal } from '../../testkit/temporal.ts';

test('a test gets an empty database that it owns, and it is gone after drop', async () => {
  const database = await createDatabase('orders');
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('create table t (id int)');
  const { rows } = await client.query('select count(*)::int as tables from pg_tables where schemaname = $1', ['public']);
  expect(rows).toEqual([{ tables: 1 }]);
  await client.end();
  await database.drop();
  await expect(new pg.Client({ connectionString: database.url }).connect()).rejects.toThrow();
});

test('the shared Temporal server answers', async () => {
  const temporal = await createTestTemporal();
  const { namespaceInfo } = await temporal.connection.workflowService.describeNamespace({ namespace: temporal.namespace });
  expect(namespaceInfo?.name).toBe('default');
  await temporal.close();
});
