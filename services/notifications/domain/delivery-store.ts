/** The set-based statements that deliveries need (store/deliveries.ts). */
import type { Sql } from '../../../platform/persistence/sql.ts';
import type { Retries } from './retries.ts';

export type Settlement = {
  readonly deliveryId: string;
  readonly leaseId: string;
  /** Empty: the delivery arrived. */
  readonly error: string;
  readonly permanent: boolean;
};

export type Leased = Pick<Settlement, 'deliveryId' | 'leaseId'>;

export type DeliveryStore = {
  /** Adds a delivery of each event after the position to each active receiver that wants its type. */
  plan(sql: Sql, afterPosition: number): Promise<void>;
  /** Leases due deliveries; answers how many. */
  lease(sql: Sql, options: { readonly limit: number; readonly leaseId: string; readonly leaseMs: number }): Promise<number>;
  /** Settles those whose lease is held; answers which. One settlement per delivery and lease at most. */
  settle(sql: Sql, settlements: readonly Settlement[], retries: Retries): Promise<readonly Leased[]>;
  /** The lease that each delivery was settled under last, unless another holds it now; null: none. Unknown ids are left out. */
  settledLeases(sql: Sql, deliveryIds: readonly string[]): Promise<ReadonlyMap<string, string | null>>;
};
