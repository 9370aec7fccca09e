/**
 * One order from its submission to its end. The saga runs first. A confirmed order is then shipped, delivered, returned or
 * closed. An order that is not shipped can be cancelled. This class owns the order's state, its saga and the mutex of its
 * commands.
 *
 * LF1 One command runs at a time, and the saga runs before all of them. Each checks the state after it acquires the mutex.
 * LF2 A repeated command is harmless and gets the same answer.
 * LF3 An illegal command changes nothing. Its refusal names the current and the attempted state.
 * LF4 A command that has begun is completed: its calls are retried without limit, each under its own key. A ship, a deliver and a
 *     return are persisted before they change anything. A cancel's undos may run before the cancel is persisted. If the worker
 *     dies then, the undos are repeated harmlessly (SG3).
 * SG7 Every started order ends in exactly one outcome, also when this code has a bug.
 */
import { CancellationScope, condition, log } from '@temporalio/workflow';
import { stepKey } from '../../contracts/ids.ts';
import type { OrderEnd, OrderFailure, OrderInput, OrderOutcome, OrderStatusView } from '../../contracts/order.ts';
import type {
  AcceptedReturn,
  CancelCommand,
  DeliverCommand,
  ReturnCommand,
  ShipCommand,
} from '../../contracts/order-commands.ts';
import { showCancelled, showCompensating, showEnd, showPaid } from './attributes.ts';
import { lifeCalls } from './calls.ts';
import { accepted, commandRefused } from './commands.ts';
import { CANCELLED_BY_REQUEST, failureOf, mustFailTheTask } from './failure.ts';
import { Mutex } from './mutex.ts';
import { createOrderSaga, type OrderSaga } from './order-saga.ts';
import { Parking } from './parking.ts';
import { Returns } from './returns.ts';

export type Confirmed = Extract<OrderOutcome, { status: 'confirmed' }>;

/** CLOSED: the return window is over, and nothing more can happen to the order. */
type LifeState = 'SUBMITTED' | 'PAID' | 'SHIPPED' | 'DELIVERED' | EndState;

type EndState = 'CANCELLED' | 'RETURNED' | 'CLOSED';

const COMMANDS = {
  ship: { from: ['PAID'], attempted: 'SHIPPED' },
  deliver: { from: ['SHIPPED'], attempted: 'DELIVERED' },
  cancel: { from: ['SUBMITTED', 'PAID'], attempted: 'CANCELLED' },
  requestReturn: { from: ['SHIPPED', 'DELIVERED'], attempted: 'RETURNED' },
} as const satisfies Record<string, { readonly from: readonly LifeState[]; readonly attempted: LifeState }>;

type Command = keyof typeof COMMANDS;

export class OrderLife {
  readonly parking: Parking;
  readonly #input: OrderInput;
  readonly #saga: OrderSaga;
  readonly #steps = new CancellationScope();
  readonly #outcome = Promise.withResolvers<OrderOutcome>();
  readonly #mutex = new Mutex();
  readonly #call = lifeCalls();
  readonly #returns: Returns;
  #state: LifeState = 'SUBMITTED';
  #end: EndState | null = null;
  #shipped: ShipCommand | null = null;
  #cancelledBy: CancelCommand | null = null;

  constructor(input: OrderInput) {
    this.#input = input;
    this.#saga = createOrderSaga(input, () => this.#cancelledBy);
    this.parking = new Parking({ orderId: input.orderId, undos: this.#saga, record: this.#call.recordIntervention });
    this.#returns = new Returns(input.orderId, this.#call);
  }

  get outcome(): Promise<OrderOutcome> {
    return this.#outcome.promise;
  }

  view(): OrderStatusView {
    return this.#saga.view();
  }

  /** Runs the saga to its one outcome (SG7), before any command (LF1). */
  async settle(confirm: (saga: OrderSaga) => Promise<Confirmed>): Promise<void> {
    const outcome = await this.#mutex.run(() => this.#confirmOrUndo(confirm));
    this.#outcome.resolve(outcome);
  }

  /** Ends when nothing more can happen to the order. */
  async untilEnd(): Promise<OrderEnd> {
    const outcome = await this.outcome;
    if (outcome.status === 'cancelled') return outcome;
    await condition(() => this.#state === 'DELIVERED' || this.#end !== null);
    const ended = await condition(() => this.#end !== null, this.#input.returnWindowMs);
    // A return that was requested in time is carried out first.
    if (!ended) {
      await this.#mutex.run(async () => {
        if (this.#end === null) this.#become('CLOSED');
      });
    }
    return this.#finish(outcome, this.#end ?? 'CLOSED');
  }

  /** Validators throw a command's refusal before it is accepted. */
  admitShip(command: ShipCommand): void {
    this.#admit('ship', command, this.#hasShipped(command));
  }

  /** Commits the stock before it records the shipment. */
  ship(command: ShipCommand): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#hasShipped(command)) return;
      this.#require('ship');
      const { carrier, trackingNumber, actorId } = command;
      const { orderId } = this.#input;
      accepted(await this.#call.commitReservation({ orderId, key: stepKey(orderId, 'commit') }));
      const shipment = { orderId, key: stepKey(orderId, 'ship'), carrier, trackingNumber, actorId };
      accepted(await this.#call.shipOrder(shipment));
      this.#shipped = command;
      this.#state = 'SHIPPED';
    });
  }

  admitDeliver(command: DeliverCommand): void {
    this.#admit('deliver', command, this.#state === 'DELIVERED');
  }

  deliver({ actorId, deliveredAt }: DeliverCommand): Promise<void> {
    return this.#mutex.run(async () => {
      if (this.#state === 'DELIVERED') return;
      this.#require('deliver');
      const { orderId } = this.#input;
      const when = deliveredAt === undefined ? {} : { deliveredAt };
      accepted(await this.#call.deliverOrder({ orderId, key: stepKey(orderId, 'deliver'), actorId, ...when }));
      this.#state = 'DELIVERED';
    });
  }

  admitCancel(command: CancelCommand): void {
    this.#admit('cancel', command, this.#state === 'CANCELLED');
  }

  /** Stops the steps of a running saga and waits for its end. `command` is null for a cancel request from Temporal. */
  cancel(command: CancelCommand | null): Promise<void> {
    this.#cancelledBy ??= command;
    this.#steps.cancel();
    return this.#mutex.run(async () => {
      if (this.#state === 'CANCELLED') return;
      this.#require('cancel');
      await this.#undoAll(CANCELLED_BY_REQUEST);
      this.#become('CANCELLED');
    });
  }

  admitReturn(command: ReturnCommand): void {
    this.#admit('requestReturn', command, this.#returns.answered(command) !== undefined);
  }

  requestReturn(command: ReturnCommand): Promise<AcceptedReturn> {
    return this.#mutex.run(async () => {
      const answered = this.#returns.answered(command);
      if (answered) return answered;
      this.#require('requestReturn');
      const { answer, completesOrder } = await this.#returns.carryOut(command);
      if (completesOrder) this.#become('RETURNED');
      return answer;
    });
  }

  async #confirmOrUndo(confirm: (saga: OrderSaga) => Promise<Confirmed>): Promise<OrderOutcome> {
    try {
      const confirmed = await this.#steps.run(() => confirm(this.#saga));
      showPaid();
      this.#saga.complete();
      this.#state = 'PAID';
      return confirmed;
    } catch (error: unknown) {
      if (mustFailTheTask(error)) throw error;
      const failure = failureOf(error, { step: this.#saga.currentStep, cancelled: this.#steps.consideredCancelled });
      if (failure.reason === 'internal') log.error('A step failed unexpectedly', { error });
      // The root scope may be cancelled already. That must not cancel the undos.
      await CancellationScope.nonCancellable(() => this.#undoAll(failure));
      this.#state = 'CANCELLED';
      return { status: 'cancelled', failure };
    }
  }

  async #undoAll(failure: OrderFailure): Promise<void> {
    log.info('Undoing the order', { step: failure.step, reason: failure.reason });
    showCompensating(failure);
    await this.#saga.compensate(failure, {
      isFatal: mustFailTheTask,
      afterFailures: async (failed, round) => {
        for (const { of, error } of failed) log.error('An undo failed and will be tried again', { undoOf: of, error, round });
        await this.parking.wait(round);
      },
    });
    showCancelled({ wasParked: this.parking.wasParked });
  }

  /** Sets the last status attribute. Returns the workflow's result. */
  #finish({ paymentId }: Confirmed, end: EndState): OrderEnd {
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

  #hasShipped({ carrier, trackingNumber }: ShipCommand): boolean {
    return this.#shipped?.carrier === carrier && this.#shipped.trackingNumber === trackingNumber;
  }

  /** Throws the refusal of a command before it is accepted. Admits a repeated command (LF2). */
  #admit(command: Command, { actorId }: { readonly actorId: string }, repeated: boolean): void {
    if (typeof actorId !== 'string' || actorId === '') throw commandRefused('validation_failed', { field: 'actorId' });
    if (!repeated) this.#require(command);
  }

  /** Throws the refusal of a command that the state does not allow (LF3). */
  #require(command: Command): void {
    const { from, attempted } = COMMANDS[command];
    if (from.some((state) => state === this.#state)) return;
    throw commandRefused('illegal_transition', { current_status: this.#state, attempted_status: attempted });
  }

  #become(end: EndState): void {
    this.#state = end;
    this.#end = end;
  }
}
