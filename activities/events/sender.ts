import type { Event } from '../../proto/gen/shopfast/events/v1/events.ts';

/** An event for one receiver. `url` and `secret` are empty for a mail. */
export type Message = { readonly event: Event; readonly url: string; readonly secret: string };

/** `why` is short and safe to show. */
export type Sent = { readonly ok: true } | { readonly ok: false; readonly why: string; readonly permanent: boolean };

/** Rejects when `signal` is aborted, and on a bug. */
export type Send = (message: Message, signal: AbortSignal) => Promise<Sent>;
