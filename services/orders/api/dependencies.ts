import type { Finding } from '../../../platform/audit/evaluate.ts';
import type { Database } from '../../../platform/persistence/database.ts';
import type { ListEffects } from '../domain/reads/effect.ts';
import type { Snapshot } from '../domain/reads/get-order.ts';
import type { Charges } from '../domain/totals.ts';

export type Dependencies = {
  readonly database: Database;
  readonly snapshot: Snapshot;
  readonly charges: Charges;
  readonly listEffects: ListEffects;
  readonly audit: () => Promise<Finding[]>;
};
