/**
 * One order from its submission to its end: its saga, and after it shipped, delivered, returned, closed; or cancelled before it is
 * shipped. The only owner of the order's state, of its saga and of the mutex of its commands.
 *
 * LF1 One command at a time, and the saga is the first; each looks at the state when it has the mutex.
 * LF2 Repeating a command is harmless: it gets the same answer.
 * LF3 An illegal command is refused with the state and the attempted one, and changes nothing.
 * LF4 A command that has begun is carried through: a ship, a deliver and a return are in the history before they change anything,
 *     and calls are retried without limit, each under a key of its own. The undos of a cancel may come before its command is in
 *     the history and be forgotten with their worker: they leave tombstones and are repeated (SG3).
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
import { CANCELLED_BY_REQUEST, failureOf, mustFailTheTask } from './failure.ts';
import { Mutex } from './mutex.ts';
import { createOrderSaga, type OrderSaga } from './order-saga.ts';
import { Parking } from './parking.ts';
import { accepted, commandRefused } from './refused.ts';
import { Returns } from './returns.ts';

export type Confirmed = Extract<OrderOutcome, { status: 'confirmed' }>;

/** Where an order stands. CLOSED: its return window is over, and nothing more can happen to it. */
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
  readonly #story = new CancellationScope();
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

  /** Runs the story to the order's one outcome (SG7), before every command that is accepted meanwhile (LF1). */
  async settle(story: (saga: OrderSaga) => Promise<Confirmed>): Promise<void> {
    const outcome = await this.#mutex.run(() => this.#confirmOrUndo(story));
    this.#outcome.resolve(outcome);
  }

  /** Ends when nothing more can happen to the order. */
  async untilEnd(): Promise<OrderEnd> {
    const outcome = await this.outcome;
    if (outcome.status === 'cancelled') return outcome;
    await condition(() => this.#state === 'DELIVERED' || this.#end !== null);
    const ended = await condition(() => this.#end !== null, this.#input.returnWindowMs);
    // A return that was requested in time is carried out first.
    if (!ended) await this.#mutex.run(async () => void (this.#end ?? this.#become('CLOSED')));
    return this.#showEnd(outcome, this.#end ?? 'CLOSED');
  }

  /** Validators throw a command's refusal before it is accepted. */
  admitShip(command: ShipCommand): void {
    this.#admit('ship', command, this.#hasShipped(command));
  }

  /** The stock leaves first: without it nothing is sent. */
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

  /** Stops the story of a saga that is at work and waits for its end. `command` is null for Temporal's own request. */
  cancel(command: CancelCommand | null): Promise<void> {
    this.#cancelledBy ??= command;
    this.#story.cancel();
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

  async #confirmOrUndo(story: (saga: OrderSaga) => Promise<Confirmed>): Promise<OrderOutcome> {
    try {
      const confirmed = await this.#story.run(() => story(this.#saga));
      showPaid();
      this.#saga.complete();
      this.#state = 'PAID';
      return confirmed;
    } catch (error: unknown) {
      if (mustFailTheTask(error)) throw error;
      const failure = failureOf(error, { step: this.#saga.currentStep, cancelled: this.#story.consideredCancelled });
      if (failure.reason === 'internal') log.error('A step failed unexpectedly', { error });
      // The root scope may be cancelled already, and an undo must not be.
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
    showCancelled({ attended: this.parking.attended });
  }

  #showEnd({ paymentId }: Confirmed, end: EndState): OrderEnd {
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

  /** Before a command is accepted: throws its refusal. A repeated one is admitted again (LF2). */
  #admit(command: Command, { actorId }: { readonly actorId: string }, repeated: boolean): void {
    if (typeof actorId !== 'string' || actorId === '') throw commandRefused('validation_failed', { field: 'actorId' });
    if (!repeated) this.#require(command);
  }

  /** LF3 */
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
