import { MailRefused, type SendMail } from '../../platform/mail/mail.ts';
import type { UnaryCalls } from '../../platform/rpc/client.ts';
import { StatusError } from '../../platform/rpc/status-error.ts';
import type { User, UsersServiceService } from '../../proto/gen/shopfast/users/v1/users.ts';
import { createBatcher } from './batcher.ts';
import { mailTextOf } from './mail-texts.ts';
import type { Send, Sent } from './sender.ts';

// Milliseconds to ask for customers' addresses.
const ASK_LIMIT_MS = 3_000;
// Ids of one call, as many as GetUsers takes.
const ASKED_MAX = 100;

type UsersCalls = Pick<UnaryCalls<UsersServiceService>, 'getUsers'>;

/**
 * Mails to the customer of an order. Users is asked for the address of each mail, and it is stored nowhere. An unknown or deactivated
 * customer gets no mail: the delivery is dead, and an operator can see and replay it. An event without a mail counts as delivered.
 */
export function createMailSender(deps: { readonly users: UsersCalls; readonly sendMail: SendMail }): Send {
  const ask = createBatcher({ max: ASKED_MAX, call: (userIds: readonly string[]) => usersById(deps.users, userIds) });
  return async ({ event }, signal) => {
    const text = mailTextOf(event);
    if (!text) return { ok: true };
    try {
      const user = (await unlessAborted(ask(event.userId), signal)).get(event.userId);
      if (!user) return { ok: false, why: 'user_unknown', permanent: true };
      if (!user.active) return { ok: false, why: 'user_inactive', permanent: true };
      await deps.sendMail({ id: event.id, to: user.email, ...text }, signal);
      return { ok: true };
    } catch (error: unknown) {
      signal.throwIfAborted();
      return failed(error);
    }
  };
}

/** Several events may be of one customer. */
async function usersById(calls: UsersCalls, userIds: readonly string[]): Promise<ReadonlyMap<string, User>> {
  const { users } = await calls.getUsers({ userIds: [...new Set(userIds)] }, { deadlineMs: ASK_LIMIT_MS });
  return new Map(users.map((user) => [user.id, user]));
}

/** The answer, unless the signal is aborted first. Others may go on waiting for the same answer. */
async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return Promise.race([answer, aborted]).finally(() => signal.removeEventListener('abort', abort));
}

function failed(error: unknown): Sent {
  if (error instanceof MailRefused) return { ok: false, why: error.message, permanent: error.permanent };
  if (error instanceof StatusError) return { ok: false, why: `users.GetUsers answered ${error.code}`, permanent: false };
  throw error;
}
