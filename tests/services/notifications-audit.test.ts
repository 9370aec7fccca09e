/** The audit of notifications finds every planted fault, and nothing else. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RULES } from '../../services/notifications/audit/rules.ts';
import {
  claim,
  happened,
  LIMITS,
  type NotificationsFixture,
  openNotifications,
  registered,
  settle,
  settlement,
  violated,
} from './notifications-fixture.ts';

let fixture: NotificationsFixture;
beforeAll(async () => {
  fixture = await openNotifications();
  const { calls } = fixture;
  const removed = await registered(calls);
  await happened(calls, 'order.submitted', 'order.paid');
  await registered(calls, { eventTypes: ['order.paid'] });
  await happened(calls, 'order.submitted', 'order.paid', 'order.shipped');
  await calls.removeWebhook({ webhookId: removed }, LIMITS);
  await happened(calls, 'order.submitted', 'order.paid');
  const [first] = await claim(calls, { limit: 1 });
  if (first) await settle(calls, settlement(first));
  await claim(calls, { limit: 2 });
});
afterAll(() => fixture.close());

test('a healthy log violates nothing, and each rule has checked something', async () => {
  const { findings } = await fixture.calls.audit({}, LIMITS);
  expect(findings.map(({ rule }) => rule)).toEqual(RULES.map(({ name }) => name));
  for (const { rule, checked, violations, examples } of findings) {
    expect({ rule, violations, examples }).toEqual({ rule, violations: 0, examples: [] });
    expect({ rule, checked: checked > 0 }).toEqual({ rule, checked: true });
  }
});

const ONE_EVENT = `select id from events where type = 'order.paid' order by position desc limit 1`;
const ACTIVE = `select id from receivers where kind = 'webhook' and until_position is null`;
const PENDING = `select id from deliveries where state = 'pending' order by position desc limit 1`;

test.each([
  [
    'an event that is lost from the log',
    'update event_log set last_position = last_position + 1',
    ['log_is_numbered_without_a_gap'],
  ],
  [
    'a gap in a stream',
    'update events set sequence = sequence + 10 where sequence > 1',
    ['events_are_numbered_without_a_gap', 'deliveries_match_their_events'],
  ],
  [
    'a stream that is numbered against the log',
    `update events set sequence = -sequence; update events set sequence = 1 + last + sequence
     from (select stream_id, -min(sequence) as last from events group by stream_id) as streams
     where streams.stream_id = events.stream_id`,
    ['deliveries_match_their_events', 'sequences_follow_the_log'],
  ],
  [
    'an event that was not planned',
    `delete from deliveries where event_id = (${ONE_EVENT}) and receiver_id = (${ACTIVE});
     delete from delivery_queues where receiver_id = (${ACTIVE}) and stream_id = (select stream_id from events where id = (${ONE_EVENT}))`,
    ['every_event_is_planned_once_for_each_receiver'],
  ],
  [
    'an event that was planned for a removed webhook',
    `update receivers set until_position = after_position where until_position is not null`,
    ['every_event_is_planned_once_for_each_receiver'],
  ],
  [
    'a delivery of another stream',
    `update deliveries set sequence = 7 where id = (${PENDING})`,
    ['deliveries_match_their_events'],
  ],
  [
    'pending deliveries without a queue',
    'delete from delivery_queues where lease_id is null',
    ['pending_deliveries_have_a_queue'],
  ],
  [
    'a settled delivery that is in flight',
    `update delivery_queues set lease_id = gen_random_uuid(), delivery_id = (select id from deliveries where state = 'delivered' limit 1)
     where lease_id is not null`,
    ['deliveries_in_flight_are_pending'],
  ],
  [
    'a pending delivery of a removed webhook',
    `with removed as (select id from receivers where until_position is not null), revived as (
       update deliveries set state = 'pending', settled_at = null where receiver_id = (select id from removed) returning receiver_id, stream_id)
     insert into delivery_queues (receiver_id, stream_id) select distinct receiver_id, stream_id from revived`,
    ['removed_webhooks_receive_nothing'],
  ],
])('%s is found', async (_, plant, rules) => {
  await fixture.sql('alter table events disable trigger events_append_only');
  await fixture.sql(
    'alter table events drop constraint if exists events_of_stream, drop constraint if exists events_sequence_check',
  );
  const tables = ['event_log', 'events', 'receivers', 'deliveries', 'delivery_queues'];
  for (const table of tables) await fixture.sql(`create table kept_${table} as table ${table}`);
  await fixture.sql(plant);
  expect((await violated(fixture)).toSorted()).toEqual(rules.toSorted());
  await fixture.sql(`truncate ${tables.join()}`);
  for (const table of tables) {
    await fixture.sql(`insert into ${table} table kept_${table}`);
    await fixture.sql(`drop table kept_${table}`);
  }
  expect(await violated(fixture)).toEqual([]);
});
