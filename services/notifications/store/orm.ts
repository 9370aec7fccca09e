import type { NamedMigration } from '../../../platform/persistence/database.ts';
import { DeliverySchema } from '../domain/delivery.ts';
import { DeliveryQueueSchema } from '../domain/delivery-queue.ts';
import { EventSchema } from '../domain/event.ts';
import { EventLogSchema } from '../domain/event-log.ts';
import { ReceiverSchema } from '../domain/receiver.ts';
import { InitialMigration } from './migrations/001_initial.ts';

export const ENTITIES = [EventLogSchema, EventSchema, ReceiverSchema, DeliverySchema, DeliveryQueueSchema];

export const MIGRATIONS: readonly NamedMigration[] = [{ name: '001_initial', class: InitialMigration }];
