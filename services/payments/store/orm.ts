import type { EntitySchema } from '@mikro-orm/core';
import type { NamedMigration } from '../../../platform/persistence/database.ts';
// Gives the schemas their classes.
import '../domain/payment.ts';
import { LedgerEntrySchema, PaymentEventSchema, PaymentHistorySchema, PaymentSchema, RefundSchema } from '../domain/tables.ts';
import { Initial } from './migrations/001_initial.ts';

export const ENTITIES: readonly EntitySchema[] = [
  PaymentSchema,
  PaymentHistorySchema,
  RefundSchema,
  LedgerEntrySchema,
  PaymentEventSchema,
];

export const MIGRATIONS: readonly NamedMigration[] = [{ name: '001_initial', class: Initial }];
