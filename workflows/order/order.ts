/**
 * The workflow of one order. It takes five steps, and undoes them when one fails. It then follows a confirmed order to its end.
 */
import { allHandlersFinished, CancellationScope, condition, log, setHandler } from '@temporalio/workflow';
import { type OrderEnd, type OrderInput, outcomeUpdate, statusQuery } from '../../contracts/order.ts';
import {
  cancelUpdate,
  deliverUpdate,
  requestReturnUpdate,
  resolveCompensationUpdate,
  retryCompensationUpdate,
  shipUpdate,
} from '../../contracts/order-commands.ts';
import { carryOut } from './commands.ts';
import { type Confirmed, OrderLife } from './life.ts';
import type { OrderSaga } from './order-saga.ts';
import { ConfirmOrder, CreateOrder, ProcessPayment, ReserveInventory, ValidateUser } from './steps.ts';

export async function order(input: OrderInput): Promise<OrderEnd> {
  const life = new OrderLife(input);
  setHandler(statusQuery, () => life.view());
  setHandler(outcomeUpdate, () => life.outcome);
  acceptCommands(life);
  acceptInterventions(life);
  acceptCancelRequest(life);

  await life.settle((saga) => confirmOrder(saga, input));
  // From here on a Temporal cancel request is treated as a cancel command.
  return CancellationScope.nonCancellable(async () => {
    const end = await life.untilEnd();
    await condition(allHandlersFinished);
    return end;
  });
}

/** The steps in order. */
async function confirmOrder(saga: OrderSaga, order: OrderInput): Promise<Confirmed> {
  await saga.run(ValidateUser);
  const { lines } = await saga.run(ReserveInventory, { lines: order.lines });
  const { total } = await saga.run(CreateOrder, { lines });
  const { paymentId } = await saga.run(ProcessPayment, { amount: total });
  const { order: record } = await saga.run(ConfirmOrder, { paymentId });
  return { status: 'confirmed', paymentId, order: record };
}

/** The commands of customers and operators. */
function acceptCommands(life: OrderLife): void {
  setHandler(shipUpdate, (command) => carryOut('ship', () => life.ship(command)), {
    validator: (command) => life.admitShip(command),
  });
  setHandler(deliverUpdate, (command) => carryOut('deliver', () => life.deliver(command)), {
    validator: (command) => life.admitDeliver(command),
  });
  setHandler(cancelUpdate, (command) => carryOut('cancel', () => life.cancel(command)), {
    validator: (command) => life.admitCancel(command),
  });
  setHandler(requestReturnUpdate, (command) => carryOut('requestReturn', () => life.requestReturn(command)), {
    validator: (command) => life.admitReturn(command),
  });
}

/** The commands of operators for undos that keep failing (SG6). */
function acceptInterventions({ parking }: OrderLife): void {
  setHandler(retryCompensationUpdate, (command) => carryOut('retryCompensation', () => parking.retry(command)), {
    validator: (command) => parking.validate(command),
  });
  setHandler(resolveCompensationUpdate, (command) => carryOut('resolveCompensation', () => parking.resolve(command)), {
    validator: (command) => parking.validate(command),
  });
}

/** Treats a Temporal cancel request as a cancel command. The scope reports the request by rejecting, and only once. */
function acceptCancelRequest(life: OrderLife): void {
  CancellationScope.current().cancelRequested.catch(() =>
    carryOut('cancel', () => life.cancel(null)).catch((error: unknown) =>
      log.warn('A cancel request came too late and changes nothing', { error }),
    ),
  );
}
