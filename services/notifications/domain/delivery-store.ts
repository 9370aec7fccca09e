/** The set-based statements that deliveries need (store/deliveries.ts). */
import type { Sql } from '../../../platform/persistence/sql.ts';
import type { Event } from './event.ts';
import type { Retries } from './retries.ts';

export type Settlement = {
  readonly deliveryId: string;
  readonly leaseId: string;
  /** Empty: the delivery arrived. */
  readonly error: string;
  readonly permanent: boolean;
};

export type Leased = Pick<Settlement, 'deliveryId' | 'leaseId'>;

/** A delivery in flight with what sending it takes. */
export type ClaimedDelivery = Leased & {
  readonly event: Omit<Event, 'acceptedAt'>;
  readonly attempts: number;
  readonly lastError: string;
  readonly leasedUntil: Date;
  readonly receiverId: string;
  /** Null, as the secret: the mail sender. */
  readonly url: string | null;
  readonly secret: string | null;
};

export type DeliveryStore = {
  /** Adds a delivery of each event after the position to each active receiver that wants its type. */
  plan(sql: Sql, afterPosition: number): Promise<void>;
  /** Leases the oldest delivery of queues that are due. */
  claim(
    sql: Sql,
    options: { readonly limit: number; readonly leaseId: string; readonly leaseMs: number },
  ): Promise<ClaimedDelivery[]>;
  /** Locks the queues of the deliveries whose lease is held until the transaction ends; answers which. */
  hold(sql: Sql, leases: readonly Leased[]): Promise<readonly Leased[]>;
  /** Settles deliveries whose queue is locked. */
  settle(sql: Sql, settlements: readonly Settlement[], retries: Retries): Promise<void>;
  /** The lease that each delivery was settled under last, unless another is in flight; null: none. Unknown ids are left out. */
  settledLeases(sql: Sql, deliveryIds: readonly string[]): Promise<ReadonlyMap<string, string | null>>;
};
