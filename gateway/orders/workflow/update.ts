/**
 * Sends commands to an order's workflow, as Updates.
 *
 * OC1 A refusal of the workflow is a problem with its reason and facts.
 * OC2 An order whose workflow has ended, or never began, refuses every new command with the status of its record.
 * OC3 A command that was accepted and not answered in time goes on: `going on`, and repeating it is harmless.
 * OC4 A repeated command gets the first answer, also after its order has ended: it has the same update id, under which Temporal
 *     keeps the answer for as long as the workflow's history.
 */
import { createHash } from 'node:crypto';
import {
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, type UpdateDefinition } from '@temporalio/common';
import { orderWorkflowId } from '../../../contracts/ids.ts';
import { isReason } from '../../../contracts/reasons.ts';
import type { Order } from '../../../proto/gen/shopfast/orders/v1/orders.ts';
import { pointerOf } from '../../http/errors.ts';
import { HttpProblem, unavailable } from '../../http/problem.ts';
import { PROBLEMS } from '../../http/problems/table.ts';
import { statusName } from '../record.ts';
import { isServerFault, type Temporal } from './connection.ts';

// Milliseconds for one command: a customer's request ends after ten seconds, and the order is read before and after.
const COMMAND_LIMIT_MS = 6_000;

export type Commanded<T> = { readonly state: 'done'; readonly answer: T } | { readonly state: 'going on' };

export function createCommandSender({ client, within }: Pick<Temporal, 'client' | 'within'>) {
  /** Returns the answer. If the order has ended, returns its earlier answer to the same command (OC4). */
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
    /** Two commands of one kind with an equal `identity` are the same command; null: each call is a new command. */
    async command<Answer, Command extends object>(
      order: Order,
      update: UpdateDefinition<Answer, [Command]>,
      command: Command,
      identity: readonly string[] | null,
    ): Promise<Commanded<Answer>> {
      const handle: WorkflowHandle = client.workflow.getHandle(orderWorkflowId(order.id));
      const updateId = identity ? updateIdOf(update.name, identity) : undefined;
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

/** The kind in plain text, so that the history is readable. The identity may be long and is hashed. */
function updateIdOf(kind: string, identity: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
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

/** The wrong field of the body, when the order names it. */
function errorsOf({ field = '', description = 'is not valid' }: Record<string, string>) {
  return field === '' ? [] : [{ pointer: pointerOf(field), detail: description }];
}

function factsOf(detail: unknown): Record<string, string> {
  if (typeof detail !== 'object' || detail === null) return {};
  return Object.fromEntries(Object.entries(detail).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
