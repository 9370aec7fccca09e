/** How an order's commands reach its life: as Updates, and a cancel request of Temporal's as a cancel. */
import { CancellationScope, log, proxyActivities, setHandler } from '@temporalio/workflow';
import type { OrderLifeActivities } from '../contracts/activities.ts';
import type { OrderEnd, OrderFailure, OrderInput, OrderOutcome } from '../contracts/order.ts';
import {
  type CancelCommand,
  type CompensationCommand,
  cancelUpdate,
  deliverUpdate,
  requestReturnUpdate,
  resolveCompensationUpdate,
  retryCompensationUpdate,
  shipUpdate,
} from '../contracts/order-commands.ts';
import { CARRIED_THROUGH, LOCAL_ATTEMPT } from './activity-policies.ts';
import { carryOut } from './command-refused.ts';
import { localFirst } from './local-first.ts';
import { showEnd } from './order-attributes.ts';
import { CANCELLED_BY_REQUEST, OrderLife } from './order-life.ts';
import { Parking } from './parking.ts';

export function createLife(input: OrderInput, undoAll: (why: OrderFailure) => Promise<void>): OrderLife {
  return new OrderLife({ orderId: input.orderId, undoAll, activities: lifeActivities() });
}

export function createParking(input: OrderInput, undos: ConstructorParameters<typeof Parking>[0]['undos']): Parking {
  return new Parking({ orderId: input.orderId, undos, record: lifeActivities().recordIntervention });
}

/**
 * What a command does first is a regular activity: with its scheduling the workflow task ends, and that writes the command to the
 * history before anything is done. A local attempt is made within the task; a worker that died on it would leave its effect
 * behind, and another command could come first (LF4). What follows makes a local attempt; money never does, since the payment
 * provider is slow and external. Undos are the saga's, and first attempts of theirs are local also in the task that accepts a
 * cancel or a retry: repeated, they change nothing.
 */
function lifeActivities(): OrderLifeActivities {
  const quick = localFirst<OrderLifeActivities>({ local: LOCAL_ATTEMPT, regular: () => CARRIED_THROUGH });
  const regular = proxyActivities<OrderLifeActivities>(CARRIED_THROUGH);
  const { commitReservation, deliverOrder, requestReturn, refundReturn, recordIntervention } = regular;
  const { shipOrder, restockReturn, completeReturn } = quick;
  return {
    commitReservation,
    shipOrder,
    deliverOrder,
    requestReturn,
    refundReturn,
    restockReturn,
    completeReturn,
    recordIntervention,
  };
}

/** What an operator may do about undos that keep failing. */
export function acceptInterventions(parking: Parking): void {
  const validator = (command: CompensationCommand) => parking.validate(command);
  setHandler(retryCompensationUpdate, (command) => carryOut('retryCompensation', () => parking.retry(command)), { validator });
  setHandler(resolveCompensationUpdate, (command) => carryOut('resolveCompensation', () => parking.resolve(command)), {
    validator,
  });
}

/** `stopSaga` ends a saga that is at work; afterwards it only hears who asked. */
export function acceptCommands(life: OrderLife, stopSaga: (command: CancelCommand | null) => void): void {
  setHandler(shipUpdate, (command) => carryOut('ship', () => life.ship(command)), {
    validator: (command) => life.admit('ship', command, life.hasShipped(command)),
  });
  setHandler(deliverUpdate, (command) => carryOut('deliver', () => life.deliver(command)), {
    validator: (command) => life.admit('deliver', command, life.state === 'DELIVERED'),
  });
  setHandler(requestReturnUpdate, (command) => carryOut('requestReturn', () => life.requestReturn(command)), {
    validator: (command) => life.admit('requestReturn', command, life.hasReturn(command)),
  });

  const cancel = (command: CancelCommand | null) =>
    carryOut('cancel', () => {
      stopSaga(command);
      return life.cancel();
    });
  setHandler(cancelUpdate, cancel, {
    validator: (command) => life.admit('cancel', command, life.state === 'CANCELLED'),
  });
  // The scope says so by rejecting, and only ever once.
  CancellationScope.current().cancelRequested.catch(() =>
    cancel(null).catch((error: unknown) => log.warn('A cancel request came too late and changes nothing', { error })),
  );
}

/** From its confirmation to its end. */
export async function liveOn(
  life: OrderLife,
  confirmed: Extract<OrderOutcome, { status: 'confirmed' }>,
  returnWindowMs: number,
): Promise<OrderEnd> {
  const { paymentId } = confirmed;
  const end = await life.untilEnd(returnWindowMs);
  switch (end) {
    case 'CLOSED':
      showEnd('DELIVERED');
      return { status: 'closed', paymentId };
    case 'RETURNED':
      showEnd('RETURNED');
      return { status: 'returned', paymentId };
    case 'CANCELLED':
      return { status: 'cancelled', failure: CANCELLED_BY_REQUEST };
  }
}
