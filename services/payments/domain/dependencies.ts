import type { Database } from '../../../platform/persistence/database.ts';
import type { Logger } from '../../../platform/telemetry/logs.ts';
import type { FraudCheck } from './fraud/check.ts';
import type { PaymentProvider } from './provider.ts';

/** Everything that the use cases which ask the provider work with. */
export type Dependencies = {
  readonly database: Pick<Database, 'transaction'>;
  readonly provider: PaymentProvider;
  readonly fraud: FraudCheck;
  /** ISO 4217: those that the shop sells in. */
  readonly currencies: readonly string[];
  readonly logger: Logger;
};
