/** The parts that every command to an order shares: its input, and the order as its answer. */
import type * as z from 'zod';
import { text } from '../../platform/rpc/fields.ts';
import type { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import type { RouteCtx } from '../http/context.ts';
import { pathId, readBody } from '../http/input.ts';
import { RETRY_AFTER_S } from '../http/problem.ts';
import { seesEverything, signedIn } from '../identity/caller.ts';
import { orderJson, orderSchema } from './order-json.ts';
import type { OrderReader } from './read.ts';
import type { Commanded } from './workflow/update.ts';
import type { OrderWorkflow } from './workflow/workflow.ts';

export type CommandDeps = { readonly orderReader: OrderReader; readonly workflow: Pick<OrderWorkflow, 'command'> };

// The user's own words. They are kept in the order's history.
export const reasonInput = text({ min: 1, max: 200 }).describe('Why, in up to 200 characters. It is kept: no personal data.');

export const COMMAND_ANSWERS = {
  200: { description: 'Done; the order with the change.', schema: orderSchema },
  202: {
    description:
      'Accepted and not done yet: it goes on, and may still be refused. Repeating the request is harmless and answers its outcome.',
    schema: orderSchema,
    headers: { 'Retry-After': 'Seconds.' },
  },
} as const;

/**
 * Parses the body first, so that an invalid request calls no service. Then reads the order, which says which user it belongs to.
 */
export async function readCommand<T>(
  ctx: RouteCtx,
  { orderReader }: CommandDeps,
  body: z.ZodType<T>,
): Promise<{ readonly order: Order; readonly given: T }> {
  const orderId = pathId(ctx);
  const given = await readBody(ctx, body);
  return { order: await orderReader.order(signedIn(ctx), orderId), given };
}

/** The current order; 202 while the command goes on. */
export async function answerCommand(
  ctx: RouteCtx,
  { orderReader }: CommandDeps,
  { id }: Order,
  { state }: Pick<Commanded<unknown>, 'state'>,
): Promise<void> {
  const caller = signedIn(ctx);
  ctx.status = state === 'done' ? 200 : 202;
  if (state === 'going on') ctx.set('Retry-After', String(RETRY_AFTER_S));
  ctx.body = orderJson(await orderReader.order(caller, id), { forOperator: seesEverything(caller) });
}
