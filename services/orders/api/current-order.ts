/** SubmitOrder and ConfirmOrder answer with the current order, also when a repeated call is replayed. */
import { type Codec, once } from '../../../platform/idempotency/once.ts';
import type { Database, Transaction } from '../../../platform/persistence/database.ts';
import type { Order } from '../domain/order.ts';
import { getOrder } from '../domain/reads/get-order.ts';
import type { Snapshot } from '../domain/work.ts';
import { toStatus } from './errors.ts';

type Keyed = { readonly key: string; readonly operation: string; readonly requestHash: Buffer };

/** Only the order's id is kept under the key. */
const ORDER_ID: Codec<string> = {
  encode: (id) => ({ finish: () => Buffer.from(id) }),
  decode: (bytes) => Buffer.from(bytes).toString(),
};

export function createCurrentOrder(database: Database, snapshot: Snapshot) {
  /** Runs once per key. */
  return async (
    keyed: Keyed,
    run: (transaction: Transaction) => Promise<Order>,
  ): Promise<{ readonly order: Order; readonly replayed: boolean }> => {
    let changed: Order | undefined;
    const { response: orderId, replayed } = await once(database, { ...keyed, response: ORDER_ID }, async (transaction) => {
      try {
        changed = await run(transaction);
        await transaction.em.flush();
        return changed.id;
      } catch (error: unknown) {
        throw toStatus(error);
      }
    });
    const order = replayed || !changed ? await snapshot((reading) => getOrder(reading, { orderId })) : changed;
    return { order, replayed };
  };
}
