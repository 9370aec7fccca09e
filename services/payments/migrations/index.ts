import type { NamedMigration } from '../../../platform/persistence/database.ts';
import { Initial } from './001_initial.ts';

export const MIGRATIONS: readonly NamedMigration[] = [{ name: '001_initial', class: Initial }];
