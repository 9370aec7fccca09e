import type { NamedMigration } from '../../../platform/persistence/database.ts';
import { InitialMigration } from './001_initial.ts';
import { ShipmentsAndFacts } from './002_shipments_and_facts.ts';

export const MIGRATIONS: readonly NamedMigration[] = [
  { name: '001_initial', class: InitialMigration },
  { name: '002_shipments_and_facts', class: ShipmentsAndFacts },
];
