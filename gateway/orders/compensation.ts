import * as z from 'zod';
import { resolveCompensationUpdate, retryCompensationUpdate } from '../../contracts/order-commands.ts';
import { COMPENSATION_STEPS } from '../../contracts/saga-steps.ts';
import { text } from '../../platform/rpc/fields.ts';
import type { Handler, Route } from '../http/route.ts';
import { OPERATORS, signedIn } from '../identity/caller.ts';
import { answerCommand, COMMAND_ANSWERS, type CommandDeps, readCommand, reasonInput } from './command-answer.ts';

const intervention = z.strictObject({
  step: z.enum(COMPENSATION_STEPS).optional().describe('Absent: every open undo.'),
  reason: reasonInput,
  reference: text({ min: 1, max: 200 }).optional().describe('Of the undo that was made by other means.'),
});

export const retryCompensation: Route<CommandDeps> = {
  operation: {
    id: 'retryCompensation',
    method: 'POST',
    path: '/v1/orders/:id/compensation/retry',
    tag: 'orders',
    summary: 'Retry the open undos of a parked order now',
    access: OPERATORS,
    body: intervention,
    answers: COMMAND_ANSWERS,
    problems: ['illegal_transition'],
  },
  handler: (deps) => intervene(deps, retryCompensationUpdate),
};

export const resolveCompensation: Route<CommandDeps> = {
  operation: {
    id: 'resolveCompensation',
    method: 'POST',
    path: '/v1/orders/:id/compensation/resolve',
    tag: 'orders',
    summary: 'Record that undos of a parked order were made by other means',
    access: OPERATORS,
    body: intervention,
    answers: COMMAND_ANSWERS,
    problems: ['illegal_transition'],
  },
  handler: (deps) => intervene(deps, resolveCompensationUpdate),
};

function intervene(deps: CommandDeps, update: typeof retryCompensationUpdate): Handler {
  return async function interveneHandler(ctx) {
    const { order, given } = await readCommand(ctx, deps, intervention);
    // Each request is a command of its own: an operator may retry several times for the same reason.
    const intervened = await deps.workflow.command(order, update, { actorId: signedIn(ctx).userId, ...given }, null);
    await answerCommand(ctx, deps, order, intervened);
  };
}
