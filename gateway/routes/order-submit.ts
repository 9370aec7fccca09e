/**
 * POST /orders: submit to orders, start the order workflow, answer its outcome.
 *
 * GW1 Nothing is started for a request that is wrong in itself.
 * GW2 The order is in orders before its workflow starts, so that an accepted order is never lost.
 * GW3 The same key and body lead to the same order and the same answer, whoever is up and whatever is forgotten.
 * GW4 An answer says what is known: 201 and a refusal only from the saga's outcome, 202 only when the workflow exists, 503 when
 *     the same key has to be sent again.
 */
import type * as z from 'zod';
import type { OrderFailure } from '../../contracts/order.ts';
import { currentContext } from '../../platform/telemetry/context.ts';
import type { Order } from '../../proto/gen/shopfast/orders/v1/orders.ts';
import { serve } from '../api/operation.ts';
import { submitOrder } from '../api/orders.ts';
import { type Clients, DEADLINES_MS } from '../clients.ts';
import type { ApiClient, Caller, RouteCtx, Routes } from '../context.ts';
import { isUnanswered } from '../http-errors.ts';
import { requiredIdempotencyKey } from '../idempotency-key.ts';
import { readBody } from '../input.ts';
import type { OrderMetrics } from '../metrics.ts';
import { signedIn } from '../middleware/caller.ts';
import { asConfirmed, confirmedRecord, orderJson, orderLinks, orderPath, recordedEnd, recordedFailure } from '../order-record.ts';
import type { OrderWorkflows } from '../order-workflow.ts';
import { preferredWait } from '../preferred-wait.ts';
import { HttpProblem, RETRY_AFTER_S, unavailable } from '../problem.ts';
import { PROBLEMS } from '../problems.ts';
import { addressFrom, present } from '../wire.ts';

type NewOrder = z.infer<typeof submitOrder.body>;

/** How a request ends, as it is answered. */
type End =
  | { readonly state: 'confirmed'; readonly order: Order }
  | { readonly state: 'cancelled'; readonly order: Order; readonly failure: OrderFailure }
  | { readonly state: 'running'; readonly order: Order };

export function orderSubmitRoute(
  router: Routes,
  deps: {
    readonly clients: Clients;
    readonly workflows: OrderWorkflows;
    readonly metrics: OrderMetrics;
    readonly defaultWaitMs: number;
    readonly stepLimitMs: number;
    readonly returnWindowMs: number;
  },
): void {
  const { orders } = deps.clients;

  serve(router, submitOrder, async (ctx) => {
    const startedMs = performance.now();
    const caller = signedIn(ctx);
    // GW1
    const request = await readBody(ctx, submitOrder.body);
    const key = requiredIdempotencyKey(ctx, 'order');
    const { waitMs, applied } = preferredWait(ctx.get('prefer'), deps.defaultWaitMs);
    const { order, replayed } = await submit(ctx.state.client, caller, key, request).catch(notTaken);
    if (replayed) ctx.set('Idempotent-Replayed', 'true');
    const end = await endOf(order, caller, waitMs).catch(notTaken);
    if (!replayed) count(end, (performance.now() - startedMs) / 1000);
    if (applied) ctx.set('Preference-Applied', applied);
    answer(ctx, end);
  });

  /** GW4: whether it was submitted is not known, or it is and cannot go on now. */
  function notTaken(error: unknown): never {
    const problem = isUnanswered(error) ? unavailable(error) : error;
    if (problem instanceof HttpProblem && problem.reason === 'unavailable') deps.metrics.answered('unavailable', 'unavailable');
    throw problem;
  }

  /** GW2, GW3: orders gives the same order for the same key of the same client and user. */
  async function submit(client: ApiClient, { userId }: Caller, idempotencyKey: string, request: NewOrder) {
    const lines = request.items.map(({ product_id, quantity }) => ({ productId: product_id, quantity }));
    const address = request.shipping_address;
    const { order, replayed } = await orders.calls.submitOrder(
      {
        idempotencyKey,
        clientId: client.id,
        userId,
        lines,
        paymentMethod: request.payment_method,
        ...(address ? { shippingAddress: addressFrom(address) } : {}),
      },
      { deadlineMs: DEADLINES_MS.submit },
    );
    const submitted = present(order, 'an order');
    const context = currentContext();
    if (context) context.orderId = submitted.id;
    return { order: submitted, replayed };
  }

  /** GW3: an end that the record knows needs no workflow; whatever the workflow forgot, the record knows. */
  async function endOf(order: Order, caller: Caller, waitMs: number): Promise<End> {
    const recorded = await recordedEndOf(order);
    if (recorded) return recorded;
    const { id: orderId, userId, lines, paymentMethod } = order;
    const input = {
      orderId,
      userId,
      lines: lines.map(({ productId, quantity }) => ({ productId, quantity })),
      paymentMethod,
      stepLimitMs: deps.stepLimitMs,
      returnWindowMs: deps.returnWindowMs,
    };
    const waited = await deps.workflows.awaitOutcome(input, waitMs);
    if (waited.state === 'ended') {
      const { outcome } = waited;
      if (outcome.status === 'cancelled') return { state: 'cancelled', order, failure: outcome.failure };
      return { state: 'confirmed', order: confirmedRecord(order, outcome.paymentId, outcome.order) };
    }
    const now = await reread(order, caller);
    // The wait may have ended a moment before the workflow could say so.
    const told = waited.state === 'closed' || recordedEnd(now) === 'confirmed';
    return (told ? await recordedEndOf(now) : undefined) ?? { state: 'running', order: now };
  }

  async function recordedEndOf(order: Order): Promise<End | undefined> {
    const end = recordedEnd(order);
    if (end === 'open') return undefined;
    if (end === 'confirmed') return { state: 'confirmed', order };
    // The workflow's own words while its history is kept; an order of an older release has no facts in its record.
    const outcome = await deps.workflows.storedOutcome(order.id);
    if (outcome?.status === 'cancelled') return { state: 'cancelled', order, failure: outcome.failure };
    // Where nothing tells them apart, the usual is taken: it was confirmed, and cancelled since.
    return end === 'either' ? { state: 'confirmed', order } : { state: 'cancelled', order, failure: recordedFailure(order) };
  }

  async function reread({ id: orderId }: Order, { userId }: Caller): Promise<Order> {
    const { order } = await orders.calls.getOrder({ orderId, userId }, { deadlineMs: DEADLINES_MS.rereadOrder });
    return present(order, 'an order');
  }

  function count(end: End, durationS: number): void {
    deps.metrics.answered(end.state, end.state === 'cancelled' ? end.failure.reason : '');
    if (end.state !== 'running') deps.metrics.ended(durationS);
  }
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
