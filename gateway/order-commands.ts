/**
 * Commands to an order's workflow, as Updates.
 *
 * OC1 What the workflow refuses is a problem with its reason and facts.
 * OC2 An order whose workflow has ended, or never began, refuses every new command with the status of its record.
 * OC3 A command that was taken and not answered in time goes on by itself: `going on`, and repeating it is harmless.
 * OC4 What was carried out is answered as it was, also when its order has ended: the same command has the same update id, under
 *     which Temporal keeps its answer as long as the workflow's history.
 */
import { createHash } from 'node:crypto';
import {
  isGrpcServiceError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { orderWorkflowId } from '../contracts/ids.ts';
import { isReason } from '../contracts/reasons.ts';
import type { Order } from '../proto/gen/shopfast/orders/v1/orders.ts';
import { pointerOf } from './http-errors.ts';
import { statusName } from './order-record.ts';
import { HttpProblem, unavailable } from './problem.ts';
import { PROBLEMS } from './problems.ts';
import type { Temporal } from './temporal.ts';

// Milliseconds for one command: a customer's request ends after ten seconds, and the order is read before and after.
const COMMAND_LIMIT_MS = 6_000;

export type Commanded<T> = { readonly state: 'done'; readonly answer: T } | { readonly state: 'going on' };

export type OrderCommands = ReturnType<typeof createOrderCommands>;

export function createOrderCommands({ client, within }: Pick<Temporal, 'client' | 'within'>) {
  /** The answer; of an ended order the one that it gave when it was asked the same before (OC4). */
  async function ask<Answer, Command extends object>(
    handle: WorkflowHandle,
    update: UpdateDefinition<Answer, [Command]>,
    { command, updateId }: { readonly command: Command; readonly updateId: string | undefined },
  ): Promise<Answer> {
    try {
      return await handle.executeUpdate<Answer, [Command]>(update, { args: [command], ...(updateId ? { updateId } : {}) });
    } catch (error: unknown) {
      if (!updateId || !(error instanceof WorkflowNotFoundError)) throw error;
      return await handle.getUpdateHandle<Answer>(updateId).result();
    }
  }

  return {
    /** `sameAs`: what makes two commands the same, beside their kind; null: each is one of its own. */
    async send<Answer, Command extends object>(
      order: Order,
      update: UpdateDefinition<Answer, [Command]>,
      command: Command,
      sameAs: readonly string[] | null,
    ): Promise<Commanded<Answer>> {
      const handle: WorkflowHandle = client.workflow.getHandle(orderWorkflowId(order.id));
      const updateId = sameAs ? updateIdOf(update.name, sameAs) : undefined;
      try {
        const answer = await within(COMMAND_LIMIT_MS, () => ask(handle, update, { command, updateId }));
        return { state: 'done', answer };
      } catch (error: unknown) {
        if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { state: 'going on' };
        throw problemOf(error, order, update.name);
      }
    },
  };
}

/** Its kind in plain words for whoever reads the history; what it is told apart by may be long, and is hashed. */
function updateIdOf(kind: string, sameAs: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(sameAs)).digest('hex');
  return `${kind}-${hash.slice(0, 32)}`;
}

function problemOf(error: unknown, order: Order, command: string): unknown {
  if (error instanceof WorkflowNotFoundError) return closed(order, command);
  if (error instanceof WorkflowUpdateFailedError) return refused(error, order, command);
  return isServerFault(error) ? unavailable(error) : error;
}

/** OC2 */
function closed(order: Order, command: string): HttpProblem {
  return new HttpProblem({
    reason: 'illegal_transition',
    detail: 'Nothing can be asked of this order any more.',
    members: { order_id: order.id, facts: { current_status: statusName(order), attempted: command } },
  });
}

/** OC1 */
function refused(error: WorkflowUpdateFailedError, order: Order, command: string): HttpProblem {
  const { cause } = error;
  const reason = cause instanceof ApplicationFailure ? (cause.type ?? '') : '';
  // The workflow ended before it could answer.
  if (!isReason(reason)) return closed(order, command);
  const facts = cause instanceof ApplicationFailure ? factsOf(cause.details?.[0]) : {};
  const members = { order_id: order.id, ...(reason === 'validation_failed' ? { errors: errorsOf(facts) } : { facts }) };
  return new HttpProblem({ reason, detail: PROBLEMS[reason].meaning, members });
}

/** What is wrong in the body, where the order says which field it is. */
function errorsOf({ field = '', description = 'is not valid' }: Record<string, string>) {
  return field === '' ? [] : [{ pointer: pointerOf(field), detail: description }];
}

function factsOf(detail: unknown): Record<string, string> {
  if (typeof detail !== 'object' || detail === null) return {};
  return Object.fromEntries(Object.entries(detail).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function isServerFault(error: unknown): boolean {
  return isGrpcServiceError(error) || (error instanceof Error && isServerFault(error.cause));
}
