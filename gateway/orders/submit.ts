/**
 * POST /orders: submits the order to orders, starts its workflow and answers the outcome.
 *
 * GW1 A request with a wrong shape starts nothing.
 * GW2 The order is in orders before its workflow starts, so that an accepted order is never lost.
 * GW3 The same key and body lead to the same order and the same answer, after any crash and after the workflow is forgotten.
 * GW4 An answer states only facts: 201 and a refusal come from the saga's outcome, 202 means that the workflow exists, 503 that
 *     the same key has to be sent again.
 */
import * as z from 'zod';
import type { OrderFailure } from '../../contracts/order.ts';
import { entityId } from '../../platform/rpc/fields.ts';
import { currentContext } from '../../platform/telemetry/context.ts';
import type { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import type { Clients } from '../clients.ts';
import type { RouteCtx } from '../http/context.ts';
import { isUnanswered } from '../http/errors.ts';
import { requiredIdempotencyKey } from '../http/idempotency-key.ts';
import { readBody } from '../http/input.ts';
import { addressFrom, present } from '../http/json.ts';
import { preferredWait } from '../http/prefer.ts';
import { HttpProblem, RETRY_AFTER_S, unavailable } from '../http/problem.ts';
import { PROBLEMS } from '../http/problems/table.ts';
import type { Route } from '../http/route.ts';
import { addressInput } from '../http/schemas.ts';
import type { ApiClient } from '../identity/api-client.ts';
import { type Caller, signedIn } from '../identity/caller.ts';
import { paymentMethodInput } from '../payments/payment-method.ts';
import type { OrderMetrics } from './metrics.ts';
import { orderJson, orderLinks, orderPath, orderSchema } from './order-json.ts';
import { asConfirmed, confirmedRecord, recordedEnd, recordedFailure } from './record.ts';
import type { OrderWorkflow } from './workflow/workflow.ts';

export type SubmitDeps = {
  readonly clients: Pick<Clients, 'orders'>;
  readonly workflow: Pick<OrderWorkflow, 'awaitOutcome' | 'storedOutcome'>;
  readonly orderMetrics: OrderMetrics;
  readonly defaultWaitMs: number;
  readonly stepLimitMs: number;
  readonly returnWindowMs: number;
};

// When orders does not answer, the caller gets a 503 in less than two seconds; the same key goes on later.
const SUBMIT_LIMITS = { deadlineMs: 1_500 };
// With the submission and a wait of 25 s within the 30 s of POST /orders.
const REREAD_LIMITS = { deadlineMs: 1_500 };

const newOrder = z.strictObject({
  items: z
    .array(
      z.strictObject({
        product_id: entityId,
        quantity: z.int('must be a whole number').min(1, 'must be at least 1').max(1_000, 'must be at most 1000'),
      }),
    )
    .min(1, 'must have at least 1 line')
    .max(100, 'must have at most 100 lines'),
  payment_method: paymentMethodInput,
  shipping_address: addressInput.optional(),
});

export const submitOrder: Route<SubmitDeps> = {
  operation: {
    id: 'submitOrder',
    method: 'POST',
    path: '/v1/orders',
    tag: 'orders',
    summary: 'Place an order and wait for its outcome',
    description:
      'The same key and body give the same order and the same answer: concurrently, after a crash, and for as long as the order is ' +
      'kept. After 503, 504 or no answer send the same request with the same key.',
    access: 'signed-in',
    headers: {
      'Idempotency-Key': {
        required: true,
        description: '1 to 255 visible ASCII characters: new for each order, the same in its retries.',
      },
      Prefer: { description: '`wait=N` seconds, at most 25, or `respond-async`. Preference-Applied states what was honoured.' },
    },
    body: newOrder,
    answers: {
      201: {
        description: 'Confirmed and paid.',
        schema: orderSchema,
        headers: {
          Location: 'The order.',
          'Idempotent-Replayed': '`true`: the key was used before.',
          'Preference-Applied': 'The honoured part of Prefer.',
        },
      },
      202: {
        description: 'Not decided within the wait; it goes on. Read Location, or send the same request again.',
        schema: orderSchema,
        headers: { Location: 'The order.', 'Retry-After': 'Seconds.', 'Preference-Applied': 'The honoured part of Prefer.' },
      },
    },
    problems: [
      'idempotency_key_missing',
      'idempotency_key_reused',
      'user_unknown',
      'user_inactive',
      'product_unknown',
      'product_inactive',
      'insufficient_stock',
      'payment_declined',
      'payment_insufficient_funds',
      'payment_expired_card',
      'payment_method_invalid',
      'fraud_review',
      'hold_expired',
      'order_cancelled',
    ],
  },
  handler: (deps) =>
    async function submitOrderHandler(ctx) {
      const startedMs = performance.now();
      const caller = signedIn(ctx);
      // GW1
      const request = await readBody(ctx, newOrder);
      const key = requiredIdempotencyKey(ctx, 'order');
      const { waitMs, applied } = preferredWait(ctx.get('prefer'), deps.defaultWaitMs);
      const submission = { client: ctx.state.client, caller, key, request };
      const { order, replayed } = await submit(deps, submission).catch((error: unknown) => toUnavailable(deps, error));
      if (replayed) ctx.set('Idempotent-Replayed', 'true');
      ctx.state.waits();
      const end = await endOf(deps, order, waitMs).catch((error: unknown) => toUnavailable(deps, error));
      if (!replayed) count(deps.orderMetrics, end, (performance.now() - startedMs) / 1000);
      if (applied) ctx.set('Preference-Applied', applied);
      answer(ctx, end);
    },
};

type Submission = {
  readonly client: ApiClient;
  readonly caller: Caller;
  readonly key: string;
  readonly request: z.infer<typeof newOrder>;
};

/** GW2, GW3: orders answers the same order for the same key of the same client and user. */
async function submit({ clients: { orders } }: SubmitDeps, { client, caller, key, request }: Submission) {
  const address = request.shipping_address;
  const { order, replayed } = await orders.calls.submitOrder(
    {
      idempotencyKey: key,
      clientId: client.id,
      userId: caller.userId,
      lines: request.items.map(({ product_id: productId, quantity }) => ({ productId, quantity })),
      paymentMethod: request.payment_method,
      ...(address ? { shippingAddress: addressFrom(address) } : {}),
    },
    SUBMIT_LIMITS,
  );
  const submitted = present(order, 'an order');
  const context = currentContext();
  if (context) context.orderId = submitted.id;
  return { order: submitted, replayed };
}

/** The result that the request is answered with. */
type End =
  | { readonly state: 'confirmed'; readonly order: Order }
  | { readonly state: 'cancelled'; readonly order: Order; readonly failure: OrderFailure }
  | { readonly state: 'running'; readonly order: Order };

/** GW3: an end in the record needs no workflow, and the record outlives the workflow. */
async function endOf(deps: SubmitDeps, order: Order, waitMs: number): Promise<End> {
  const recorded = await recordedEndOf(deps, order);
  if (recorded) return recorded;
  const { id: orderId, userId, paymentMethod } = order;
  const lines = order.lines.map(({ productId, quantity }) => ({ productId, quantity }));
  const submittedAt = present(order.createdAt, 'a time of submission').toISOString();
  const { stepLimitMs, returnWindowMs } = deps;
  const input = { orderId, userId, lines, paymentMethod, submittedAt, stepLimitMs, returnWindowMs };
  const waited = await deps.workflow.awaitOutcome(input, waitMs);
  if (waited.state === 'ended') {
    const { outcome } = waited;
    if (outcome.status === 'cancelled') return { state: 'cancelled', order, failure: outcome.failure };
    return { state: 'confirmed', order: confirmedRecord(order, outcome.paymentId, outcome.order) };
  }
  const now = await reread(deps, order);
  // The wait may have ended a moment before the workflow could answer.
  const ended = waited.state === 'closed' || recordedEnd(now) === 'confirmed';
  return (ended ? await recordedEndOf(deps, now) : undefined) ?? { state: 'running', order: now };
}

async function recordedEndOf({ workflow }: SubmitDeps, order: Order): Promise<End | undefined> {
  const end = recordedEnd(order);
  if (end === 'open') return undefined;
  if (end === 'confirmed') return { state: 'confirmed', order };
  // Available while the workflow's history is kept. It tells the two meanings of `either` apart.
  const outcome = await workflow.storedOutcome(order.id);
  if (outcome?.status === 'cancelled') return { state: 'cancelled', order, failure: outcome.failure };
  // For `either`: assume that it was confirmed first, which is the usual case.
  return end === 'either' ? { state: 'confirmed', order } : { state: 'cancelled', order, failure: recordedFailure(order) };
}

async function reread({ clients: { orders } }: SubmitDeps, { id: orderId, userId }: Order): Promise<Order> {
  const { order } = await orders.calls.getOrder({ orderId, userId }, REREAD_LIMITS);
  return present(order, 'an order');
}

/** GW4: throws 503 when it is unknown whether the order was submitted, or when it cannot proceed now. Rethrows other errors. */
function toUnavailable({ orderMetrics }: SubmitDeps, error: unknown): never {
  const problem = isUnanswered(error) ? unavailable(error) : error;
  if (problem instanceof HttpProblem && problem.reason === 'unavailable') orderMetrics.answered('unavailable', 'unavailable');
  throw problem;
}

function count(metrics: OrderMetrics, end: End, durationS: number): void {
  metrics.answered(end.state, end.state === 'cancelled' ? end.failure.reason : '');
  if (end.state !== 'running') metrics.ended(durationS);
}

function answer(ctx: RouteCtx, end: End): void {
  if (end.state === 'cancelled') throw refusal(end.order, end.failure);
  ctx.status = end.state === 'confirmed' ? 201 : 202;
  ctx.set('Location', orderPath(end.order.id));
  if (end.state === 'running') ctx.set('Retry-After', String(RETRY_AFTER_S));
  ctx.body = orderJson(end.state === 'confirmed' ? asConfirmed(end.order) : end.order);
}

function refusal(order: Order, { step, reason, facts }: OrderFailure): HttpProblem {
  return new HttpProblem({
    reason,
    detail: `The order was cancelled and undone. ${PROBLEMS[reason].show}`,
    members: { order_id: order.id, step, facts, links: orderLinks(order.id) },
  });
}
