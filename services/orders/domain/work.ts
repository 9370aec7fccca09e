import type { EntityManager } from '@mikro-orm/postgresql';

/** The unit of work of one open transaction, in which a use case runs. */
export type Work = { readonly em: EntityManager };

/** Runs a read whose statements all see the same state of the database. A write fails. */
export type Snapshot = <T>(read: (work: Work) => Promise<T>) => Promise<T>;
