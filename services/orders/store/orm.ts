import type { NamedMigration } from '../../../platform/persistence/database.ts';
import {
  InterventionSchema,
  OrderLineSchema,
  OrderSchema,
  OutboxEventSchema,
  ReturnLineSchema,
  ReturnSchema,
  StatusChangeSchema,
} from '../domain/tables.ts';
import { InitialMigration } from './migrations/001_initial.ts';

export const ENTITIES = [
  OrderSchema,
  OrderLineSchema,
  StatusChangeSchema,
  InterventionSchema,
  ReturnSchema,
  ReturnLineSchema,
  OutboxEventSchema,
];

export const MIGRATIONS: readonly NamedMigration[] = [{ name: '001_initial', class: InitialMigration }];
