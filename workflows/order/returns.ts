import type { OrderLifeActivities } from '../../contracts/activities.ts';
import { returnKey } from '../../contracts/ids.ts';
import type { AcceptedReturn, ReturnCommand } from '../../contracts/order-commands.ts';
import { accepted, commandRefused } from './commands.ts';

type Calls = Pick<OrderLifeActivities, 'requestReturn' | 'refundReturn' | 'restockReturn' | 'completeReturn'>;

/** The returns of one order, by the return id that the caller chose. */
export class Returns {
  readonly #orderId: string;
  readonly #call: Calls;
  readonly #known = new Map<string, { readonly request: string; readonly answer: AcceptedReturn }>();

  constructor(orderId: string, call: Calls) {
    this.#orderId = orderId;
    this.#call = call;
  }

  /** The answer to an earlier, equal request; undefined for a new one. Throws a refusal when another request used the id. */
  answered(command: ReturnCommand): AcceptedReturn | undefined {
    const known = this.#known.get(command.returnId);
    if (known && known.request !== requestOf(command)) {
      throw commandRefused('idempotency_key_reused', { return_id: command.returnId });
    }
    return known?.answer;
  }

  /**
   * The orders service decides which units may come back and the refund. Then the refund is paid, the stock restored, the return
   * completed.
   */
  async carryOut(command: ReturnCommand): Promise<{ readonly answer: AcceptedReturn; readonly completesOrder: boolean }> {
    const { actorId, returnId, lines, reason } = command;
    const orderId = this.#orderId;
    const about = { orderId, returnId };
    const key = (part: Parameters<typeof returnKey>[2]) => returnKey(orderId, returnId, part);
    const agreed = accepted(await this.#call.requestReturn({ ...about, key: key('request'), lines, reason, actorId }));
    const { refund, completesOrder } = agreed;
    // Free units need no refund.
    if (refund.amountMinor > 0) await this.#call.refundReturn({ orderId, key: key('refund'), amount: refund });
    await this.#call.restockReturn({ ...about, key: key('restock'), lines: agreed.lines });
    await this.#call.completeReturn({ ...about, key: key('complete') });
    const answer = { returnId, refund, lines: agreed.lines };
    this.#known.set(returnId, { request: requestOf(command), answer });
    return { answer, completesOrder };
  }
}

/** Two requests are the same when the same units come back, in any order, for the same reason. */
function requestOf({ lines, reason }: ReturnCommand): string {
  const units = lines.map(({ productId, quantity }) => `${productId} ${quantity}`).sort();
  return JSON.stringify([reason, ...units]);
}
