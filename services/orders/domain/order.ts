/**
 * The order, and every way in which it changes.
 *
 * OR1 The status only moves along NEXT_STATUSES; each move appends one row to the history and emits one event.
 * OR2 All amounts and the currency are known or none; total = subtotal + tax + shipping.
 * OR3 A cancelled order has a reason and keeps its first.
 * OR4 An order has a shipment exactly when it has been shipped; it is delivered neither before that nor in the future.
 * RT1 No more units come back than were bought, also under concurrent requests.
 * RT2 Refunds never exceed the total, and equal the total when all units are back.
 * RT3 The order is RETURNED exactly when every unit is in a completed return.
 * The migration enforces them again in the database.
 *
 * Callers lock the order first (lock-order.ts); `now` is the database's clock, read after that.
 */
import { Collection } from '@mikro-orm/core';
import { v7 as newId } from 'uuid';
import { invalidField, refused, returnIdTaken } from './errors.ts';
import { EVENT_OF_STATUS, type EventFacts, type OrderEventType } from './order-events.ts';
import { Intervention, OrderLine, OutboxEvent, Return, ReturnLine, StatusChange } from './order-parts.ts';
import { type OrderStatus, requireTransition } from './order-status.ts';
import { boughtOf, everythingIsBack } from './returns/bought.ts';
import { type AgreedReturn, agreeOnReturn, type WantedUnits } from './returns/refunds.ts';
import { type Address, OrderSchema } from './tables.ts';
import { type PricedLine, requireSameLines, type SubmittedLine, type Totals } from './totals.ts';

export type Submission = {
  readonly clientId: string;
  readonly userId: string;
  /** In the customer's order, each product once. */
  readonly lines: readonly SubmittedLine[];
  readonly paymentMethod: string;
  readonly shippingAddress?: Address | undefined;
};

/** The user who asks for a change, and their own words; null and empty: the platform itself. */
export type Actor = { readonly actorId: string | null; readonly note: string };

/** Why an order is cancelled. */
export type Failure = {
  readonly reason: string;
  /** Null: cancelled by request. */
  readonly failedStep: string | null;
  /** Facts behind the reason that are safe to show. */
  readonly facts: Readonly<Record<string, string>>;
};

export type ReturnRequest = {
  readonly returnId: string;
  /** Each product once; empty: everything that is left. */
  readonly lines: readonly WantedUnits[];
  readonly reason: string;
  readonly actorId: string;
};

export type Decision = Omit<ConstructorParameters<typeof Intervention>[0], 'at'>;

type Transition = { readonly by?: Actor; readonly reason?: string; readonly facts?: EventFacts };

const PLATFORM: Actor = { actorId: null, note: '' };

export class Order extends OrderSchema.class {
  override lines = new Collection<OrderLine>(this);
  override history = new Collection<StatusChange>(this);
  override interventions = new Collection<Intervention>(this);
  override returns = new Collection<Return>(this);
  override events = new Collection<OutboxEvent>(this);

  /** A new order, SUBMITTED and without prices. */
  constructor({ lines, shippingAddress, ...given }: Submission, now: Date) {
    super();
    Object.assign(this, given);
    this.id = newId();
    this.shippingAddress = shippingAddress ?? null;
    this.createdAt = now;
    this.updatedAt = now;
    this.lines.add(lines.map((line, index) => new OrderLine({ ...line, position: index + 1 })));
    this.recordTransition(null, 'SUBMITTED', now);
  }

  /** SUBMITTED → CREATED. Refuses other lines than the submitted ones with `validation_failed`. */
  price(priced: readonly PricedLine[], totals: Totals, now: Date): void {
    requireTransition(this.status, 'CREATED');
    requireSameLines(this.lines.getItems(), priced);
    for (const { productId, unitPriceMinor, quantity } of priced) {
      const line = this.lines.getItems().find((candidate) => candidate.productId === productId);
      if (line) Object.assign(line, { unitPriceMinor, lineTotalMinor: unitPriceMinor * quantity });
    }
    Object.assign(this, totals);
    this.moveTo('CREATED', now);
  }

  /** CREATED → RESERVED. */
  reserve(now: Date): void {
    this.moveTo('RESERVED', now);
  }

  /** RESERVED → PAID. */
  pay(paymentId: string, now: Date): void {
    this.moveTo('PAID', now, { facts: { payment_id: paymentId } });
    this.paymentId = paymentId;
  }

  /** PAID → SHIPPED. */
  ship(parcel: { readonly carrier: string; readonly trackingNumber: string }, by: Actor, now: Date): void {
    const { carrier, trackingNumber } = parcel;
    this.shippedAt = this.moveTo('SHIPPED', now, { by, facts: { carrier, tracking_number: trackingNumber } });
    this.carrier = carrier;
    this.trackingNumber = trackingNumber;
  }

  /** SHIPPED → DELIVERED, now unless a time is given. Refuses a time before the shipment or in the future. */
  deliver(deliveredAt: Date | undefined, by: Actor, now: Date): void {
    requireTransition(this.status, 'DELIVERED');
    if (deliveredAt && this.shippedAt && deliveredAt < this.shippedAt) {
      throw invalidField('deliveredAt', 'must not be before the order was shipped');
    }
    if (deliveredAt && deliveredAt > now) throw invalidField('deliveredAt', 'must not be in the future');
    const at = this.moveTo('DELIVERED', now, { by });
    this.deliveredAt = deliveredAt ?? at;
  }

  /** → CANCELLED from every status before SHIPPED. A cancelled order stays as it is. */
  cancel({ reason, failedStep, facts }: Failure, by: Actor, now: Date): void {
    if (this.status === 'CANCELLED') return;
    const step = failedStep === null ? {} : { failed_step: failedStep };
    this.moveTo('CANCELLED', now, { by, reason, facts: { reason, ...step, ...this.paymentFact() } });
    this.failureReason = reason;
    this.failureStep = failedStep;
    this.failureFacts = facts;
  }

  /** Takes units of a SHIPPED or DELIVERED order back. Refuses more than can come back with `return_exceeds_order`. */
  requestReturn({ returnId, lines, reason, actorId }: ReturnRequest, now: Date): AgreedReturn {
    requireTransition(this.status, 'RETURNED');
    const agreed = agreeOnReturn(boughtOf(this.totals, this.lines.getItems(), this.returns.getItems()), lines);
    if (this.returns.getItems().some(({ id }) => id === returnId)) throw returnIdTaken(returnId);
    const { refundMinor } = agreed;
    const requestedAt = this.changedAt(now);
    const units = agreed.lines.map((line) => new ReturnLine(line));
    this.returns.add(new Return({ id: returnId, actorId, reason, refundMinor, requestedAt }, units));
    this.emit('return.requested', { at: requestedAt, amountMinor: refundMinor, facts: { return_id: returnId } });
    return agreed;
  }

  /** The goods and the money of a return are back. The last return moves the order to RETURNED. */
  completeReturn(returnId: string, now: Date): void {
    const back = this.returns.getItems().find(({ id }) => id === returnId);
    if (!back) throw refused('not_found', 'No such return', { return_id: returnId });
    if (back.completedAt) return;
    back.completedAt = this.changedAt(now);
    this.emit('return.completed', { at: back.completedAt, amountMinor: back.refundMinor, facts: { return_id: returnId } });
    if (!everythingIsBack(this.lines.getItems(), this.returns.getItems())) return;
    this.moveTo('RETURNED', now, { by: { actorId: back.actorId, note: back.reason }, facts: this.paymentFact() });
  }

  /** Keeps what an operator decided about the undos of the parked order. Never refused. */
  recordIntervention(decision: Decision, now: Date): void {
    this.interventions.add(new Intervention({ ...decision, at: now }));
  }

  /** Undefined until the order is priced (OR2). */
  get totals(): Totals | undefined {
    const { currency, subtotalMinor, taxMinor, shippingMinor, totalMinor } = this;
    if (currency == null || subtotalMinor == null || taxMinor == null || shippingMinor == null || totalMinor == null) {
      return undefined;
    }
    return { currency, subtotalMinor, taxMinor, shippingMinor, totalMinor };
  }

  /** Refuses a move that the state machine does not have. Returns the time of the change. */
  private moveTo(status: OrderStatus, now: Date, transition: Transition = {}): Date {
    requireTransition(this.status, status);
    return this.recordTransition(this.status, status, now, transition);
  }

  /** The only place that assigns the status: the row of the history and the event come with it (OR1). */
  private recordTransition(
    previousStatus: OrderStatus | null,
    status: OrderStatus,
    now: Date,
    transition: Transition = {},
  ): Date {
    const { by = PLATFORM, reason = '', facts = {} } = transition;
    const at = this.changedAt(now);
    this.status = status;
    this.history.add(new StatusChange({ previousStatus, status, reason, at, ...by }));
    this.emit(EVENT_OF_STATUS[status], { at, amountMinor: this.totalMinor ?? null, facts });
    return at;
  }

  private emit(
    type: OrderEventType,
    event: { readonly at: Date; readonly amountMinor: number | null; readonly facts: EventFacts },
  ): void {
    const currency = event.amountMinor === null ? null : (this.currency ?? null);
    this.events.add(new OutboxEvent({ type, userId: this.userId, currency, ...event }));
  }

  /** Clocks may step back: no change is dated before an earlier one. */
  private changedAt(now: Date): Date {
    if (now > this.updatedAt) this.updatedAt = now;
    return this.updatedAt;
  }

  private paymentFact(): EventFacts {
    return this.paymentId == null ? {} : { payment_id: this.paymentId };
  }
}

OrderSchema.setClass(Order);
