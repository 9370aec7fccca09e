import { createHash } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import * as z from 'zod';
import { requestReturnUpdate } from '../../contracts/order-commands.ts';
import { entityId } from '../../platform/rpc/fields.ts';
import type { RouteCtx } from '../http/context.ts';
import { scopedKey } from '../http/idempotency-key.ts';
import { pathId } from '../http/input.ts';
import { moneyJson } from '../http/json.ts';
import type { Route } from '../http/route.ts';
import { signedIn } from '../identity/caller.ts';
import { answerCommand, COMMAND_ANSWERS, type CommandDeps, readCommand, reasonInput } from './command-answer.ts';
import { linesJson, orderPath, returnAnswerSchema } from './order-json.ts';

const returned = z.strictObject({
  lines: z
    .array(
      z.strictObject({
        product_id: entityId,
        quantity: z.int('must be a whole number').min(1, 'must be at least 1').max(100_000, 'must be at most 100000'),
      }),
    )
    .min(1, 'must have at least 1 line')
    .max(100, 'must have at most 100 lines')
    .optional()
    .describe('Absent: every unit that is not back yet.'),
  reason: reasonInput,
});

export const returnOrder: Route<CommandDeps> = {
  operation: {
    id: 'returnOrder',
    method: 'POST',
    path: '/v1/orders/:id/returns',
    tag: 'orders',
    summary: 'Return a shipped order or a part of it',
    description:
      'Refunds the units and puts them back into stock. The last unit completes the refund of the total, with shipping.',
    access: 'signed-in',
    headers: { 'Idempotency-Key': { description: 'The same key is the same return.' } },
    body: returned,
    answers: {
      201: { description: 'Refunded and in stock again.', schema: returnAnswerSchema, headers: { Location: 'The order.' } },
      202: COMMAND_ANSWERS[202],
    },
    problems: ['illegal_transition', 'return_exceeds_order', 'idempotency_key_reused'],
  },
  handler: (deps) =>
    async function returnOrderHandler(ctx) {
      const { order, given } = await readCommand(ctx, deps, returned);
      const { lines = [], reason } = given;
      const command = {
        actorId: signedIn(ctx).userId,
        returnId: returnIdOf(ctx),
        lines: lines.map(({ product_id: productId, quantity }) => ({ productId, quantity })),
        reason,
      };
      const units = command.lines.map(({ productId, quantity }) => `${productId} ${quantity}`).sort();
      const identity = [command.returnId, reason, ...units];
      const answer = await deps.workflow.command(order, requestReturnUpdate, command, identity);
      if (answer.state === 'going on') return answerCommand(ctx, deps, order, answer);
      const { returnId, refund, lines: accepted } = answer.answer;
      ctx.status = 201;
      ctx.set('Location', orderPath(order.id));
      ctx.body = { id: returnId, refund: moneyJson(refund), lines: linesJson(accepted) };
    },
};

/** The same key is the same return; each request without one is a return of its own. */
function returnIdOf(ctx: RouteCtx): string {
  if (ctx.get('idempotency-key') === '') return uuid();
  const key = `${pathId(ctx)}:${scopedKey(ctx, 'return-order')}`;
  // A version 8 UUID (RFC 9562) of the key: the same on every gateway and after a restart.
  const hex = createHash('sha256').update(key).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
