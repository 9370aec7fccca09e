import type { Finding } from '../../../platform/audit/evaluate.ts';
import type { Database } from '../../../platform/persistence/database.ts';
import type { Handlers } from '../../../platform/rpc/server.ts';
import type { OrdersServiceService } from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import type { ListEffects } from '../domain/reads/effect.ts';
import type { Charges } from '../domain/totals.ts';
import type { Snapshot } from '../domain/work.ts';

/** One handler per call of the service; each file of this folder makes some of them. */
export type OrdersHandlers = Handlers<typeof OrdersServiceService>;

export type Dependencies = {
  readonly database: Database;
  readonly snapshot: Snapshot;
  readonly charges: Charges;
  readonly listEffects: ListEffects;
  readonly audit: () => Promise<Finding[]>;
};
