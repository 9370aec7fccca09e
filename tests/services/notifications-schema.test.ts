import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ENTITIES } from '../../services/notifications/store/orm.ts';
import { schemaDrift } from '../../testkit/schema-drift.ts';
import { type NotificationsFixture, openNotifications } from './notifications-fixture.ts';

let fixture: NotificationsFixture;
beforeAll(async () => {
  fixture = await openNotifications();
});
afterAll(() => fixture.close());

test('entities and the migration describe the same tables, columns, types, defaults and keys', async () => {
  expect(await schemaDrift(fixture.url, ENTITIES)).toEqual([]);
});

test('triggers only guard', async () => {
  const triggers = await fixture.sql<{ name: string; body: string }>(
    `select tgname as name, prosrc as body from pg_trigger join pg_proc on pg_proc.oid = tgfoid where not tgisinternal`,
  );
  expect(triggers.map(({ name }) => name)).toEqual(['events_append_only']);
  for (const { body } of triggers) expect(body).not.toMatch(/\b(insert|update|delete)\b|new\.\w+\s*:=/i);
});
