import type { NamedMigration } from '../../../platform/persistence/database.ts';
import { Initial } from './001_initial.ts';
import { EffectsByTime } from './002_effects_by_time.ts';
import { Returns } from './003_returns.ts';

export const MIGRATIONS: readonly NamedMigration[] = [
  { name: '001_initial', class: Initial },
  { name: '002_effects_by_time', class: EffectsByTime },
  { name: '003_returns', class: Returns },
];
