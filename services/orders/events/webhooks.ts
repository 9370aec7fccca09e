import { randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import { once } from '../../../platform/idempotency/once.ts';
import type { Database } from '../../../platform/persistence/database.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import { RegisterWebhookResponse } from '../../../proto/gen/shopfast/events/v1/events.ts';
import { END_FOR_REMOVED } from './deliveries.ts';
import { tooManyWebhooks, webhookNotFound } from './errors.ts';

// Active at once: each costs every event a row and an HTTP request.
const WEBHOOKS_MAX = 20;
// Bytes of a secret that is made here: those of the hash that it signs with.
const SECRET_BYTES = 32;

export type WebhookRecord = {
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly createdAt: Date;
};

export type Registration = {
  readonly key: string;
  readonly requestHash: Buffer;
  readonly url: string;
  readonly eventTypes: readonly string[];
  /** Empty: one is made. */
  readonly secret: string;
};

/** The secret is in no stored answer: a repeated call reads it where it is kept. */
export async function registerWebhook(
  database: Database,
  { key, requestHash, ...given }: Registration,
): Promise<RegisterWebhookResponse> {
  const operation = { key, requestHash, operation: 'RegisterWebhook', response: RegisterWebhookResponse };
  const { response } = await once(database, operation, async ({ sql }) => {
    // One registration at a time, so that they are counted; events read the table meanwhile.
    await sql.query('lock table event_receivers in share row exclusive mode');
    if ((await listWebhooks(sql)).length >= WEBHOOKS_MAX) throw tooManyWebhooks(WEBHOOKS_MAX);
    const secret = given.secret || randomBytes(SECRET_BYTES).toString('base64url');
    const [row] = await sql.query<WebhookRow>(
      `insert into event_receivers (id, kind, url, event_types, secret) values ($1::uuid, 'webhook', $2, $3::text[], $4)
       returning ${WEBHOOK}`,
      [newId(), given.url, given.eventTypes, secret],
    );
    if (!row) throw new Error('A webhook was stored and is not there');
    return {
      webhook: { ...row.record, eventTypes: [...row.record.eventTypes], createdAt: new Date(row.record.createdAt) },
      secret: '',
    };
  });
  return { ...response, secret: await secretOf(database.sql, response.webhook?.id ?? '') };
}

export async function listWebhooks(sql: Sql): Promise<WebhookRecord[]> {
  const rows = await sql.query<WebhookRow>(
    `select ${WEBHOOK} from event_receivers where kind = 'webhook' and removed_at is null order by created_at, id`,
  );
  return rows.map(({ record }) => ({ ...record, createdAt: new Date(record.createdAt) }));
}

/** Its secret is forgotten, and what it was still to be told is dead. */
export async function removeWebhook(database: Database, webhookId: string): Promise<void> {
  await database.transaction(async ({ sql }) => {
    const removed = await sql.query(
      `update event_receivers set removed_at = coalesce(removed_at, now()), secret = null
       where id = $1::uuid and kind = 'webhook' returning id`,
      [webhookId],
    );
    if (removed.length === 0) throw webhookNotFound(webhookId);
    await sql.query(`${END_FOR_REMOVED} and removed.id = $1::uuid`, [webhookId]);
  });
}

const WEBHOOK = `json_build_object('id', id, 'url', url, 'eventTypes', event_types, 'createdAt', created_at) as record`;

type WebhookRow = { readonly record: Omit<WebhookRecord, 'createdAt'> & { readonly createdAt: string } };

async function secretOf(sql: Sql, webhookId: string): Promise<string> {
  const [row] = await sql.query<{ secret: string | null }>('select secret from event_receivers where id = $1::uuid', [webhookId]);
  return row?.secret ?? '';
}
