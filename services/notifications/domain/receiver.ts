import { randomBytes } from 'node:crypto';
import { defineEntity, p } from '@mikro-orm/core';
import { v7 as newId } from 'uuid';
import type { EventLog } from './event-log.ts';

// Bytes of a generated secret: as many as the hash has that it signs with.
const SECRET_BYTES = 32;

/** Types of events that customers get a mail about. The mail sender is a receiver as well, and the only one without a URL. */
export const MAIL_EVENT_TYPES = ['order.paid', 'order.cancelled', 'order.shipped', 'payment.refunded'] as const;

export const ReceiverSchema = defineEntity({
  name: 'Receiver',
  tableName: 'receivers',
  properties: {
    id: p.uuid().primary(),
    kind: p.text().$type<'webhook' | 'mail'>(),
    url: p.text().nullable(),
    /** Signs the deliveries of a webhook; forgotten when it is removed. */
    secret: p.text().nullable(),
    /** Types of the events that it receives; empty: all. */
    eventTypes: p.array(),
    createdAt: p.datetime(3).defaultRaw('now()'),
    /** Position of the last event before it was added. */
    afterPosition: p.bigint('number'),
    /** Position of the last event before it was removed; null: it is active. */
    untilPosition: p.bigint('number').nullable(),
  },
});

export type Webhook = {
  readonly url: string;
  readonly eventTypes: readonly string[] /** Empty: generate one. */;
  readonly secret: string;
};

export class Receiver extends ReceiverSchema.class {
  static webhook({ url, eventTypes, secret }: Webhook, log: EventLog): Receiver {
    const receiver = new Receiver();
    return Object.assign(receiver, {
      id: newId(),
      kind: 'webhook' as const,
      url,
      secret: secret || randomBytes(SECRET_BYTES).toString('base64url'),
      eventTypes: [...eventTypes],
      afterPosition: log.lastPosition,
      untilPosition: null,
    });
  }

  get active(): boolean {
    return this.untilPosition === null;
  }

  remove(log: EventLog): void {
    this.untilPosition = log.lastPosition;
    this.secret = null;
  }
}
ReceiverSchema.setClass(Receiver);
