import type { NamedMigration } from '../../../platform/persistence/database.ts';
import { RefreshTokenSchema } from '../domain/refresh-token.ts';
import { AddressSchema, UserEventSchema, UserSchema } from '../domain/user.ts';
import { Initial } from './migrations/001_initial.ts';

export const ENTITIES = [UserSchema, AddressSchema, UserEventSchema, RefreshTokenSchema];

export const MIGRATIONS: readonly NamedMigration[] = [{ name: '001_initial', class: Initial }];
