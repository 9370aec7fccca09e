import type { UserEventType } from './user.ts';

/** An event of a user, as read off the outbox. */
export type UserEffect = {
  readonly sequence: string;
  /** Microseconds since 1970. */
  readonly atMicros: string;
  readonly type: UserEventType;
  readonly userId: string;
};
