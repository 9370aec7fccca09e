import type { UnaryCalls } from '../../platform/grpc/client.ts';
import { StatusError } from '../../platform/grpc/status-error.ts';
import { MailRefused, type SendMail } from '../../platform/mail/mail.ts';
import type { UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { letterOf } from './mail-texts.ts';
import type { Send, Sent } from './send.ts';

// Milliseconds to ask for a customer's address.
const ASK_LIMIT_MS = 3_000;

/**
 * Writes to the customer of an order. The address is asked for when it is needed and kept nowhere. Somebody who is unknown or
 * deactivated gets no mail: the delivery is dead, where an operator sees it and may replay it. An event that says nothing to a
 * customer is done with.
 */
export function createNotificationSender(deps: {
  readonly users: Pick<UnaryCalls<UsersServiceService>, 'getUser'>;
  readonly sendMail: SendMail;
}): Send {
  return async ({ event }, signal) => {
    const text = letterOf(event);
    if (!text) return { ok: true };
    try {
      const { user } = await deps.users.getUser({ userId: event.userId }, { deadlineMs: ASK_LIMIT_MS, signal });
      if (!user?.active) return { ok: false, why: 'user_inactive', permanent: true };
      await deps.sendMail({ id: event.id, to: user.email, ...text }, signal);
      return { ok: true };
    } catch (error: unknown) {
      signal.throwIfAborted();
      return failed(error);
    }
  };
}

function failed(error: unknown): Sent {
  if (error instanceof MailRefused) return { ok: false, why: error.message, permanent: error.permanent };
  if (error instanceof StatusError) {
    if (error.code === 'NOT_FOUND') return { ok: false, why: 'user_unknown', permanent: true };
    return { ok: false, why: `users.GetUser answered ${error.code}`, permanent: false };
  }
  throw error;
}
