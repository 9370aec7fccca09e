import * as z from 'zod';
import { cancelUpdate, deliverUpdate, shipUpdate } from '../../contracts/order-commands.ts';
import { text } from '../../platform/rpc/fields.ts';
import type { Route } from '../http/route.ts';
import { OPERATORS, signedIn } from '../identity/caller.ts';
import { answerCommand, COMMAND_ANSWERS, type CommandDeps, readCommand, reasonInput } from './command-answer.ts';

const cancellation = z.strictObject({ reason: reasonInput });

export const cancelOrder: Route<CommandDeps> = {
  operation: {
    id: 'cancelOrder',
    method: 'POST',
    path: '/v1/orders/:id/cancel',
    tag: 'orders',
    summary: 'Cancel an order before it is shipped',
    description: 'When the answer comes, the charge is refunded and the stock is free again.',
    access: 'signed-in',
    body: cancellation,
    answers: COMMAND_ANSWERS,
    problems: ['illegal_transition'],
  },
  handler: (deps) =>
    async function cancelOrderHandler(ctx) {
      const { order, given } = await readCommand(ctx, deps, cancellation);
      const command = { actorId: signedIn(ctx).userId, reason: given.reason };
      await answerCommand(ctx, deps, order, await deps.workflow.command(order, cancelUpdate, command, []));
    },
};

const parcelText = text({ min: 1, max: 100 });
const parcel = z.strictObject({ carrier: parcelText, tracking_number: parcelText });

export const shipOrder: Route<CommandDeps> = {
  operation: {
    id: 'shipOrder',
    method: 'POST',
    path: '/v1/orders/:id/shipments',
    tag: 'orders',
    summary: 'Record that a paid order was shipped',
    access: OPERATORS,
    body: parcel,
    answers: COMMAND_ANSWERS,
    problems: ['illegal_transition'],
  },
  handler: (deps) =>
    async function shipOrderHandler(ctx) {
      const { order, given } = await readCommand(ctx, deps, parcel);
      const { carrier, tracking_number: trackingNumber } = given;
      const command = { actorId: signedIn(ctx).userId, carrier, trackingNumber };
      const shipped = await deps.workflow.command(order, shipUpdate, command, [carrier, trackingNumber]);
      await answerCommand(ctx, deps, order, shipped);
    },
};

const delivery = z.strictObject({
  delivered_at: z.iso
    .datetime({ offset: true, error: 'must be RFC 3339' })
    .optional()
    .describe('Absent: now. Never before it was shipped nor in the future.'),
});

export const deliverOrder: Route<CommandDeps> = {
  operation: {
    id: 'deliverOrder',
    method: 'POST',
    path: '/v1/orders/:id/delivery',
    tag: 'orders',
    summary: 'Record that a shipped order was delivered',
    access: OPERATORS,
    body: delivery,
    answers: COMMAND_ANSWERS,
    problems: ['illegal_transition'],
  },
  handler: (deps) =>
    async function deliverOrderHandler(ctx) {
      const { order, given } = await readCommand(ctx, deps, delivery);
      const { delivered_at: deliveredAt } = given;
      const command = { actorId: signedIn(ctx).userId, ...(deliveredAt === undefined ? {} : { deliveredAt }) };
      const delivered = await deps.workflow.command(order, deliverUpdate, command, [deliveredAt ?? '']);
      await answerCommand(ctx, deps, order, delivered);
    },
};
