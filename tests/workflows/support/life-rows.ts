/** What each call of an order's life after its confirmation belongs to: a new call does not compile without its row. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle, WorkflowUpdateHandle } from '@temporalio/client';
import type { OrderLifeActivities } from '../../../contracts/activities.ts';
import type { OrderInput } from '../../../contracts/order.ts';
import { cancelUpdate, deliverUpdate, requestReturnUpdate, shipUpdate } from '../../../contracts/order-commands.ts';
import type { Reason } from '../../../contracts/reasons.ts';
import type { UndoActivity } from '../../../contracts/saga-steps.ts';
import { isUndo, UNDO_CALLS } from '../../../testkit/saga-activities.ts';
import { type Books, QUANTITY, type RealShop, STOCK, TOTAL } from './real-shop.ts';

/** What an operator did to a parked order is recorded while the order is undone: order-parked.test.ts. */
type OwnCall = Exclude<keyof OrderLifeActivities, 'recordIntervention'>;
export type LifeCall = OwnCall | UndoActivity;
export type Command = 'ship' | 'deliver' | 'requestReturn' | 'cancel';

const OWN_CALLS: Readonly<Record<OwnCall, Command>> = {
  commitReservation: 'ship',
  shipOrder: 'ship',
  deliverOrder: 'deliver',
  requestReturn: 'requestReturn',
  refundReturn: 'requestReturn',
  restockReturn: 'requestReturn',
  completeReturn: 'requestReturn',
};

export const LIFE_CALLS: readonly LifeCall[] = [...Object.keys(OWN_CALLS), ...UNDO_CALLS].filter(isLifeCall);

export function isLifeCall(name: string): name is LifeCall {
  return Object.hasOwn(OWN_CALLS, name) || isUndo(name);
}

/** The command that a call belongs to: to cancel is to undo the saga. */
export function commandOf(call: LifeCall): Command {
  return isUndo(call) ? 'cancel' : OWN_CALLS[call];
}

/** The calls of each command, in their order. */
export function callsOf(command: Command): readonly LifeCall[] {
  return LIFE_CALLS.filter((call) => commandOf(call) === command);
}

const ACTOR = randomUUID();

/** One order's commands: each is the same one whenever it is given. Resolves when it is accepted or refused. */
export function commandsOf(handle: WorkflowHandle): Readonly<Record<Command, () => Promise<WorkflowUpdateHandle<unknown>>>> {
  const returnId: string = randomUUID();
  const dispatch = { actorId: ACTOR, carrier: 'DHL', trackingNumber: '0034' };
  const whole = { actorId: ACTOR, returnId, lines: [], reason: 'Too small' };
  const waitForStage = 'ACCEPTED';
  return {
    ship: () => handle.startUpdate(shipUpdate, { args: [dispatch], waitForStage }),
    deliver: () => handle.startUpdate(deliverUpdate, { args: [{ actorId: ACTOR }], waitForStage }),
    requestReturn: () => handle.startUpdate(requestReturnUpdate, { args: [whole], waitForStage }),
    cancel: () => handle.startUpdate(cancelUpdate, { args: [{ actorId: ACTOR, reason: 'Found it cheaper' }], waitForStage }),
  };
}

/** The command's answer. */
export async function given(command: () => Promise<WorkflowUpdateHandle<unknown>>): Promise<unknown> {
  return (await command()).result();
}

/** What comes before the command, so that it is a legal one. */
export const BEFORE: Readonly<Record<Command, Command | null>> = {
  ship: null,
  deliver: 'ship',
  requestReturn: 'ship',
  cancel: null,
};

const PAID: Books = {
  statuses: ['SUBMITTED', 'CREATED', 'RESERVED', 'PAID'],
  stock: { stock: STOCK, reserved: QUANTITY },
  reservation: 'confirmed',
  payment: { status: 'COMPLETED', captured: TOTAL, refunded: 0 },
  provider: { charges: [TOTAL], refunds: [] },
  total: TOTAL,
  failure: null,
};
const SHIPPED: Books = {
  ...PAID,
  statuses: [...PAID.statuses, 'SHIPPED'],
  stock: { stock: STOCK - QUANTITY, reserved: 0 },
  reservation: 'committed',
};
const REFUNDED = {
  payment: { status: 'REFUNDED', captured: TOTAL, refunded: TOTAL },
  provider: { charges: [TOTAL], refunds: [TOTAL] },
  stock: { stock: STOCK, reserved: 0 },
};

/** What all books say when the command was carried out, once. */
export const BOOKS_AFTER: Readonly<Record<Command, Books>> = {
  ship: SHIPPED,
  deliver: { ...SHIPPED, statuses: [...SHIPPED.statuses, 'DELIVERED'] },
  requestReturn: { ...SHIPPED, ...REFUNDED, statuses: [...SHIPPED.statuses, 'RETURNED'] },
  cancel: {
    ...PAID,
    ...REFUNDED,
    statuses: [...PAID.statuses, 'CANCELLED'],
    reservation: 'released',
    failure: { step: null, reason: 'order_cancelled', facts: {} },
  },
};

type Refused = {
  readonly reason: Reason;
  /** Gives a command that the service refuses. */
  give(shop: RealShop, order: Pick<OrderInput, 'orderId' | 'lines'>, handle: WorkflowHandle): Promise<unknown>;
  /** What the order can still take. */
  readonly next: Command;
};

const LIMITS = { deadlineMs: 10_000 };
const TOMORROW = () => new Date(Date.now() + 86_400_000).toISOString();

/** Calls that the real services refuse, and how they are made to. */
export const LIFE_REFUSALS: Readonly<Partial<Record<LifeCall, Refused>>> = {
  commitReservation: {
    reason: 'illegal_transition',
    // Its stock was given back by hand: nothing is left that could be sent.
    async give({ clients }, { orderId }, handle) {
      const release = { idempotencyKey: randomUUID(), orderId, undoesKey: randomUUID() };
      await clients.products.calls.releaseInventory(release, LIMITS);
      return given(commandsOf(handle).ship);
    },
    next: 'cancel',
  },
  deliverOrder: {
    reason: 'validation_failed',
    give: (_, __, handle) => handle.executeUpdate(deliverUpdate, { args: [{ actorId: ACTOR, deliveredAt: TOMORROW() }] }),
    next: 'deliver',
  },
  requestReturn: {
    reason: 'return_exceeds_order',
    give: (_, { lines }, handle) =>
      handle.executeUpdate(requestReturnUpdate, {
        args: [
          {
            actorId: ACTOR,
            returnId: randomUUID(),
            lines: lines.map((line) => ({ ...line, quantity: line.quantity + 1 })),
            reason: 'All, and one more',
          },
        ],
      }),
    next: 'requestReturn',
  },
};
