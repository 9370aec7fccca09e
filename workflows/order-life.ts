/**
 * The life of an order after its saga: shipped, delivered, returned, closed; or cancelled before it is shipped.
 *
 * LF1 One command at a time, and the saga is the first; each looks at the state when its turn comes.
 * LF2 Repeating a command is harmless: it is answered as it was.
 * LF3 An illegal command is refused with the state and what was attempted, and changes nothing.
 * LF4 What has begun is carried through: a ship, a deliver and a return are in the history before they change anything, and
 *     calls are tried again for ever, each under a key of its own. The undos of a cancel may come before its command is there
 *     and be forgotten with their worker: they leave tombstones and are repeated (SG3).
 */
import { condition } from '@temporalio/workflow';
import type { OrderLifeActivities, Result } from '../contracts/activities.ts';
import { returnKey, stepKey } from '../contracts/ids.ts';
import type { OrderFailure } from '../contracts/order.ts';
import type { AcceptedReturn, DeliverCommand, ReturnCommand, ShipCommand } from '../contracts/order-commands.ts';
import { commandRefused } from './command-refused.ts';
import { Turns } from './turns.ts';

/** Where an order stands. CLOSED: its return window is over, and nothing more can happen to it. */
export type LifeState = 'SUBMITTED' | 'PAID' | 'SHIPPED' | 'DELIVERED' | EndState;

type EndState = 'CANCELLED' | 'RETURNED' | 'CLOSED';

export const CANCELLED_BY_REQUEST: OrderFailure = { step: null, reason: 'order_cancelled', facts: {} };

const COMMANDS = {
  ship: { from: ['PAID'], attempted: 'SHIPPED' },
  deliver: { from: ['SHIPPED'], attempted: 'DELIVERED' },
  cancel: { from: ['SUBMITTED', 'PAID'], attempted: 'CANCELLED' },
  requestReturn: { from: ['SHIPPED', 'DELIVERED'], attempted: 'RETURNED' },
} as const satisfies Record<string, { readonly from: readonly LifeState[]; readonly attempted: LifeState }>;

type Command = keyof typeof COMMANDS;

export class OrderLife {
  readonly #orderId: string;
  readonly #activities: OrderLifeActivities;
  readonly #undoAll: (why: OrderFailure) => Promise<void>;
  readonly #turns = new Turns();
  readonly #returns = new Map<string, { readonly request: string; readonly back: AcceptedReturn }>();
  #state: LifeState = 'SUBMITTED';
  #end: EndState | null = null;
  #shipped: ShipCommand | null = null;

  constructor(given: {
    readonly orderId: string;
    readonly activities: OrderLifeActivities;
    /** Undoes whatever the saga has done, to its end. */
    readonly undoAll: (why: OrderFailure) => Promise<void>;
  }) {
    this.#orderId = given.orderId;
    this.#activities = given.activities;
    this.#undoAll = given.undoAll;
  }

  get state(): LifeState {
    return this.#state;
  }

  /** The saga, before every command that is accepted meanwhile (LF1). */
  begin<T extends { readonly status: 'confirmed' | 'cancelled' }>(saga: () => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      const outcome = await saga();
      this.#state = outcome.status === 'confirmed' ? 'PAID' : 'CANCELLED';
      return outcome;
    });
  }

  /** Ends when nothing more can happen; `returnWindowMs` runs from the delivery. */
  async untilEnd(returnWindowMs: number): Promise<EndState> {
    await condition(() => this.#state === 'DELIVERED' || this.#end !== null);
    const ended = await condition(() => this.#end !== null, returnWindowMs);
    // A return that was asked for in time is carried out first.
    if (!ended) await this.#turns.take(async () => void (this.#end ?? this.#become('CLOSED')));
    return this.#end ?? 'CLOSED';
  }

  /** Before a command is accepted: throws what the caller is told. One that was carried out before is admitted again (LF2). */
  admit(command: Command, { actorId }: { readonly actorId: string }, repeated: boolean): void {
    if (typeof actorId !== 'string' || actorId === '') throw commandRefused('validation_failed', { field: 'actorId' });
    if (!repeated) this.#require(command);
  }

  hasShipped({ carrier, trackingNumber }: ShipCommand): boolean {
    return this.#shipped?.carrier === carrier && this.#shipped.trackingNumber === trackingNumber;
  }

  /** Throws what the caller is told whose return id another request has. */
  hasReturn(command: ReturnCommand): boolean {
    return this.#knownReturn(command) !== undefined;
  }

  /** The stock leaves first: without it nothing is sent. */
  ship(command: ShipCommand): Promise<void> {
    return this.#turns.take(async () => {
      if (this.hasShipped(command)) return;
      this.#require('ship');
      const { carrier, trackingNumber, actorId } = command;
      const orderId = this.#orderId;
      accepted(await this.#activities.commitReservation({ orderId, key: stepKey(orderId, 'commit') }));
      const dispatch = { orderId, key: stepKey(orderId, 'ship'), carrier, trackingNumber, actorId };
      accepted(await this.#activities.shipOrder(dispatch));
      this.#shipped = command;
      this.#state = 'SHIPPED';
    });
  }

  deliver({ actorId, deliveredAt }: DeliverCommand): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#state === 'DELIVERED') return;
      this.#require('deliver');
      const orderId = this.#orderId;
      const when = deliveredAt === undefined ? {} : { deliveredAt };
      accepted(await this.#activities.deliverOrder({ orderId, key: stepKey(orderId, 'deliver'), actorId, ...when }));
      this.#state = 'DELIVERED';
    });
  }

  /** Asked for while the saga runs, it waits for the saga, which `order` ends early. */
  cancel(): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#state === 'CANCELLED') return;
      this.#require('cancel');
      await this.#undoAll(CANCELLED_BY_REQUEST);
      this.#become('CANCELLED');
    });
  }

  /** Orders decides what may come back and what it is worth; then the money, then the goods, then the record. */
  requestReturn(command: ReturnCommand): Promise<AcceptedReturn> {
    return this.#turns.take(async () => {
      const known = this.#knownReturn(command);
      if (known) return known;
      this.#require('requestReturn');
      const { actorId, returnId, lines, reason } = command;
      const orderId = this.#orderId;
      const about = { orderId, returnId };
      const key = (step: Parameters<typeof returnKey>[2]) => returnKey(orderId, returnId, step);
      const request = { ...about, key: key('request'), lines, reason, actorId };
      const agreed = accepted(await this.#activities.requestReturn(request));
      // What was free is worth nothing.
      if (agreed.refund.amountMinor > 0)
        await this.#activities.refundReturn({ orderId, key: key('refund'), amount: agreed.refund });
      await this.#activities.restockReturn({ ...about, key: key('restock'), lines: agreed.lines });
      await this.#activities.completeReturn({ ...about, key: key('complete') });
      const back = { returnId, refund: agreed.refund, lines: agreed.lines };
      this.#returns.set(returnId, { request: requestOf(command), back });
      if (agreed.completesOrder) this.#become('RETURNED');
      return back;
    });
  }

  #knownReturn(command: ReturnCommand): AcceptedReturn | undefined {
    const known = this.#returns.get(command.returnId);
    if (known && known.request !== requestOf(command)) {
      throw commandRefused('idempotency_key_reused', { return_id: command.returnId });
    }
    return known?.back;
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

/** What makes two requests the same: what comes back, in any order, and why. */
function requestOf({ lines, reason }: ReturnCommand): string {
  const units = lines.map(({ productId, quantity }) => `${productId} ${quantity}`).sort();
  return JSON.stringify([reason, ...units]);
}

/** The answer of a call; a refusal becomes the command's. */
function accepted<T extends object>(result: Result<T>): T {
  if (!result.ok) throw commandRefused(result.reason, result.facts);
  return result;
}
