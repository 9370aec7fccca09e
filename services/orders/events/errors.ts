import { StatusError } from '../../../platform/rpc/status-error.ts';

export function webhookNotFound(webhookId: string): StatusError {
  return notFound('No such webhook', { webhook_id: webhookId });
}

export function deliveryNotFound(deliveryId: string): StatusError {
  return notFound('No such delivery', { delivery_id: deliveryId });
}

export function tooManyWebhooks(max: number): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'quota_exceeded',
    message: `There are ${max} webhooks, and no more are possible: remove one`,
    facts: { webhooks_max: String(max) },
  });
}

/** Nobody is left who could be told. */
export function webhookRemoved(webhookId: string): StatusError {
  return new StatusError({
    code: 'FAILED_PRECONDITION',
    reason: 'illegal_transition',
    message: 'The webhook of this delivery was removed',
    facts: { webhook_id: webhookId },
  });
}

export function malformedCursor(): StatusError {
  return new StatusError({
    code: 'INVALID_ARGUMENT',
    reason: 'validation_failed',
    message: 'The request has invalid fields',
    violations: [{ field: 'cursor', description: 'is not a cursor of this list' }],
  });
}

function notFound(message: string, facts: Readonly<Record<string, string>>): StatusError {
  return new StatusError({ code: 'NOT_FOUND', reason: 'not_found', message, facts });
}
