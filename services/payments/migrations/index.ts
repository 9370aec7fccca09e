import type { NamedMigration } from '../../../platform/persistence/database.ts';
import { Initial } from './001_initial.ts';
import { EffectsByTime } from './002_effects_by_time.ts';
import { Ledger } from './003_ledger.ts';
import { Fraud } from './004_fraud.ts';
import { Outbox } from './005_outbox.ts';
import { OutboxMarked } from './006_outbox_marked.ts';

export const MIGRATIONS: readonly NamedMigration[] = [
  { name: '001_initial', class: Initial },
  { name: '002_effects_by_time', class: EffectsByTime },
  { name: '003_ledger', class: Ledger },
  { name: '004_fraud', class: Fraud },
  { name: '005_outbox', class: Outbox },
  { name: '006_outbox_marked', class: OutboxMarked },
];
