import type { SagaState } from '../contracts/saga-steps.ts';
import type { Order } from '../proto/gen/shopfast/orders/v1/orders.ts';
import { type Clients, DEADLINES_MS } from './clients.ts';
import type { Caller } from './context.ts';
import { seesEverything } from './middleware/caller.ts';
import { recordedEnd, sagaStateOf, statusName } from './order-record.ts';
import type { OrderWorkflows } from './order-workflow.ts';
import { present } from './wire.ts';

export type OrderReader = ReturnType<typeof createOrderReader>;

/** Reads an order for a caller, and how far it is. */
export function createOrderReader({ orders, workflows }: { orders: Clients['orders']; workflows: OrderWorkflows }) {
  /** Another user's order is not found, as orders sees to; operators and admins name no user. */
  async function read(
    caller: Caller | 'ourselves',
    orderId: string,
    deadlineMs: number = DEADLINES_MS.readOrder,
  ): Promise<Order> {
    const userId = caller === 'ourselves' || seesEverything(caller) ? '' : caller.userId;
    const { order } = await orders.calls.getOrder({ orderId, userId }, { deadlineMs });
    return present(order, 'an order');
  }

  return {
    order: read,

    /**
     * What the workflow cannot tell now, the record tells; `told` says whether that is all there is to tell. It is not when the
     * saga is over and the record is open: the workflow was terminated, and its order is not settled yet.
     */
    async status(order: Order) {
      const { saga, view, retrying } = await workflows.progress(order.id);
      // The saga may have ended after its record was read: a record from before would contradict it.
      const over = saga === 'over' || (view !== undefined && isEnd(view.sagaState));
      const outdated = over && recordedEnd(order) === 'open';
      const now = outdated ? await read('ourselves', order.id, DEADLINES_MS.statusReread) : order;
      const json = {
        id: order.id,
        status: statusName(now),
        saga_state: view?.sagaState ?? sagaStateOf(now),
        step: view?.step ?? undefined,
        retrying: retrying && {
          step: retrying.step,
          attempt: retrying.attempt,
          next_attempt_at: retrying.nextAttemptAt,
          last_error: retrying.lastError,
        },
        needs_attention: view?.needsAttention ?? false,
        open_undos: view?.openUndos,
      };
      return { json, told: saga === 'at work' || (saga === 'over' && recordedEnd(now) !== 'open') };
    },
  };
}

/** Whether the saga does nothing more. */
export function isEnd(state: SagaState): boolean {
  return state === 'SagaCompleted' || state === 'SagaFailed';
}
