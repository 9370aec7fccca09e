import type { NamedMigration } from '../../../platform/persistence/database.ts';
import { Initial } from './001_initial.ts';
import { Deactivation } from './002_deactivation.ts';

export const MIGRATIONS: readonly NamedMigration[] = [
  { name: '001_initial', class: Initial },
  { name: '002_deactivation', class: Deactivation },
];
