/**
 * What a command does beside undos can be told from the history alone (LF4): a worker that dies on it takes no knowledge along,
 * and no other command comes first.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import {
  deliverUpdate,
  requestReturnUpdate,
  resolveCompensationUpdate,
  retryCompensationUpdate,
  shipUpdate,
} from '../../contracts/order-commands.ts';
import { eventually } from '../../testkit/eventually.ts';
import { refuse, type Scripts } from './support/fake-activities.ts';
import { eventsOf } from './support/history.ts';
import { attributesOf, calledOnce } from './support/looks.ts';
import { createOrderLab, type OrderLab, type PlacedOrder } from './support/order-lab.ts';

const BY = { actorId: randomUUID() };
const SHIPMENT = { ...BY, carrier: 'DHL', trackingNumber: '0034' };
const A_DAY_MS = 86_400_000;

let lab: OrderLab;
beforeAll(async () => {
  lab = await createOrderLab();
});
afterAll(() => lab.close());

const acceptedOf = async ({ handle }: PlacedOrder) =>
  (await eventsOf(handle)).filter(({ type }) => type === 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED').length;

async function confirmed(scripts: Scripts): Promise<PlacedOrder> {
  const order = lab.place(scripts, { returnWindowMs: A_DAY_MS });
  expect(await order.outcome).toMatchObject({ status: 'confirmed' });
  return order;
}

async function shipped(scripts: Scripts): Promise<PlacedOrder> {
  const order = await confirmed(scripts);
  await order.handle.executeUpdate(shipUpdate, { args: [SHIPMENT] });
  return order;
}

async function parked(scripts: Scripts): Promise<PlacedOrder> {
  const undoFails = (nth: number) => {
    if (nth === 1) throw ApplicationFailure.nonRetryable('cannot be undone');
    return undefined;
  };
  const failing = { confirmOrder: () => refuse('hold_expired'), refundPayment: undoFails };
  const order = lab.place({ ...scripts, ...failing }, { returnWindowMs: A_DAY_MS });
  await calledOnce(order, 'cancelOrder');
  await eventually(
    () => attributesOf(order),
    ({ NeedsAttention }) => NeedsAttention === true,
  );
  return order;
}

test.each([
  {
    command: 'ship',
    activity: 'commitReservation',
    place: confirmed,
    give: ({ handle }: PlacedOrder) => handle.executeUpdate(shipUpdate, { args: [SHIPMENT] }),
  },
  {
    command: 'deliver',
    activity: 'deliverOrder',
    place: shipped,
    give: ({ handle }: PlacedOrder) => handle.executeUpdate(deliverUpdate, { args: [BY] }),
  },
  {
    command: 'return',
    activity: 'requestReturn',
    place: shipped,
    give: ({ handle, input }: PlacedOrder) =>
      handle.executeUpdate(requestReturnUpdate, {
        args: [{ ...BY, returnId: randomUUID(), lines: input.lines, reason: 'Too small' }],
      }),
  },
  {
    command: 'retry',
    activity: 'recordIntervention',
    place: parked,
    give: ({ handle }: PlacedOrder) => handle.executeUpdate(retryCompensationUpdate, { args: [{ ...BY, reason: 'Mended' }] }),
  },
  {
    command: 'resolve',
    activity: 'recordIntervention',
    place: parked,
    give: ({ handle }: PlacedOrder) => handle.executeUpdate(resolveCompensationUpdate, { args: [{ ...BY, reason: 'By hand' }] }),
  },
] as const)('$command is in the history before the first call of its own', async ({ activity, place, give }) => {
  const gate = lab.gate();
  const order = await place({ [activity]: () => gate.passed });
  const before = await acceptedOf(order);

  const carriedOut = give(order);
  await calledOnce(order, activity);
  expect(await acceptedOf(order)).toBe(before + 1);

  gate.open();
  await carriedOut;
  await order.outcome;
});
