/** The order's record, as orders stores it, and what it says about the saga. */
import type { ConfirmedOrder } from '../../contracts/confirmed-order.ts';
import type { OrderFailure } from '../../contracts/order.ts';
import { isReason } from '../../contracts/reasons.ts';
import { isStepName, type SagaState } from '../../contracts/saga-steps.ts';
import { type Order, OrderStatus } from '../../proto/gen/shopfast/orders/v1/orders.ts';

export const STATUS_NAMES = [
  'SUBMITTED',
  'CREATED',
  'RESERVED',
  'PAID',
  'SHIPPED',
  'DELIVERED',
  'CANCELLED',
  'RETURNED',
] as const;

export type StatusName = (typeof STATUS_NAMES)[number];

/** Each status with its name and the state of the saga, as far as the record shows it. */
const STATUSES: Readonly<Record<OrderStatus, { readonly name: StatusName; readonly sagaState: SagaState }>> = {
  [OrderStatus.ORDER_STATUS_UNSPECIFIED]: { name: 'SUBMITTED', sagaState: 'SagaInitiated' },
  [OrderStatus.ORDER_STATUS_SUBMITTED]: { name: 'SUBMITTED', sagaState: 'SagaInitiated' },
  [OrderStatus.ORDER_STATUS_CREATED]: { name: 'CREATED', sagaState: 'OrderCreated' },
  [OrderStatus.ORDER_STATUS_RESERVED]: { name: 'RESERVED', sagaState: 'OrderCreated' },
  [OrderStatus.ORDER_STATUS_PAID]: { name: 'PAID', sagaState: 'SagaCompleted' },
  [OrderStatus.ORDER_STATUS_SHIPPED]: { name: 'SHIPPED', sagaState: 'SagaCompleted' },
  [OrderStatus.ORDER_STATUS_DELIVERED]: { name: 'DELIVERED', sagaState: 'SagaCompleted' },
  [OrderStatus.ORDER_STATUS_CANCELLED]: { name: 'CANCELLED', sagaState: 'SagaFailed' },
  [OrderStatus.ORDER_STATUS_RETURNED]: { name: 'RETURNED', sagaState: 'SagaCompleted' },
};

export const STATUS_BY_NAME: Readonly<Record<StatusName, OrderStatus>> = {
  SUBMITTED: OrderStatus.ORDER_STATUS_SUBMITTED,
  CREATED: OrderStatus.ORDER_STATUS_CREATED,
  RESERVED: OrderStatus.ORDER_STATUS_RESERVED,
  PAID: OrderStatus.ORDER_STATUS_PAID,
  SHIPPED: OrderStatus.ORDER_STATUS_SHIPPED,
  DELIVERED: OrderStatus.ORDER_STATUS_DELIVERED,
  CANCELLED: OrderStatus.ORDER_STATUS_CANCELLED,
  RETURNED: OrderStatus.ORDER_STATUS_RETURNED,
};

export function statusName({ status }: { readonly status: OrderStatus }): StatusName {
  return STATUSES[status].name;
}

export function sagaStateOf({ status }: { readonly status: OrderStatus }): SagaState {
  return STATUSES[status].sagaState;
}

/**
 * How the saga ended, according to the record. The saga's last step writes PAID and may still fail afterwards.
 *
 * - `confirmed`: was PAID and is not CANCELLED.
 * - `open`: was never PAID and is not CANCELLED. The saga has not ended.
 * - `cancelled`: is CANCELLED, and was never PAID or has a failed step.
 * - `either`: is CANCELLED, was PAID and has no failed step. Either the saga or the confirmed order was cancelled by request.
 */
export function recordedEnd(order: Order): 'confirmed' | 'cancelled' | 'either' | 'open' {
  const paid = [order, ...order.history].some((change) => sagaStateOf(change) === 'SagaCompleted');
  if (order.status !== OrderStatus.ORDER_STATUS_CANCELLED) return paid ? 'confirmed' : 'open';
  return paid && !order.failure?.step ? 'either' : 'cancelled';
}

/** Why a cancelled order was refused, as the workflow also answers it. */
export function recordedFailure(order: Order): OrderFailure {
  const { step = '', reason = '', facts = {} } = order.failure ?? {};
  return { step: isStepName(step) ? step : null, reason: isReason(reason) ? reason : 'order_cancelled', facts };
}

/**
 * The order at its confirmation, without its later life: a repeated POST /orders gets the first answer, and GET shows the current
 * state.
 */
export function asConfirmed(order: Order): Order {
  const { ORDER_STATUS_PAID: status } = OrderStatus;
  const paid = order.history.findIndex((change) => change.status === status);
  const since = { failure: undefined, shipment: undefined, returns: [], interventions: [] };
  return { ...order, ...since, status, history: order.history.slice(0, paid + 1) };
}

/** The record of a submitted order that the workflow has confirmed. Equal to the one that orders stores, without a call to it. */
export function confirmedRecord(submitted: Order, paymentId: string, { lines, totals, history }: ConfirmedOrder): Order {
  return {
    ...submitted,
    status: OrderStatus.ORDER_STATUS_PAID,
    paymentId,
    lines: [...lines],
    totals,
    history: history.map(({ status, at }) => ({
      status: STATUS_BY_NAME[status],
      at: new Date(at),
      reason: '',
      actorId: '',
      note: '',
    })),
  };
}
