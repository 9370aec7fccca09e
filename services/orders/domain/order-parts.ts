/** The parts of an order. Only the order's methods create them (order.ts). */
import { Collection } from '@mikro-orm/core';
import {
  InterventionSchema,
  OrderLineSchema,
  OutboxEventSchema,
  ReturnLineSchema,
  ReturnSchema,
  StatusChangeSchema,
} from './tables.ts';

/** The properties that a constructor takes; the database and the owning collection set the others. */
type Given<Entity, Key extends keyof Entity> = Readonly<Pick<Entity, Key>>;

/** A product of an order and its quantity. Priced together with the order. */
export class OrderLine extends OrderLineSchema.class {
  constructor(given: Given<OrderLine, 'productId' | 'quantity' | 'position'>) {
    super();
    Object.assign(this, given);
  }
}

/** One transition of an order. */
export class StatusChange extends StatusChangeSchema.class {
  constructor(given: Given<StatusChange, 'previousStatus' | 'status' | 'reason' | 'actorId' | 'note' | 'at'>) {
    super();
    Object.assign(this, given);
  }
}

/** An operator's decision about the undos of a parked order. */
export class Intervention extends InterventionSchema.class {
  constructor(given: Given<Intervention, 'actorId' | 'action' | 'steps' | 'reason' | 'reference' | 'at'>) {
    super();
    Object.assign(this, given);
  }
}

/** A return of units of an order. Written once, completed once. */
export class Return extends ReturnSchema.class {
  override lines = new Collection<ReturnLine>(this);

  constructor(given: Given<Return, 'id' | 'actorId' | 'reason' | 'refundMinor' | 'requestedAt'>, lines: readonly ReturnLine[]) {
    super();
    Object.assign(this, given);
    this.lines.add(lines);
  }
}

export class ReturnLine extends ReturnLineSchema.class {
  constructor(given: Given<ReturnLine, 'productId' | 'quantity'>) {
    super();
    Object.assign(this, given);
  }
}

/** An event of an order that waits for the relay. */
export class OutboxEvent extends OutboxEventSchema.class {
  constructor(given: Given<OutboxEvent, 'type' | 'userId' | 'at' | 'amountMinor' | 'currency' | 'facts'>) {
    super();
    Object.assign(this, given);
  }
}

OrderLineSchema.setClass(OrderLine);
StatusChangeSchema.setClass(StatusChange);
InterventionSchema.setClass(Intervention);
ReturnSchema.setClass(Return);
ReturnLineSchema.setClass(ReturnLine);
OutboxEventSchema.setClass(OutboxEvent);
