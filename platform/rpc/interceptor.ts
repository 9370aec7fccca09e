/** The seams of the RPC layer: every concern of a client or a server is one interceptor around its unary calls. */
import type { Metadata } from '@grpc/grpc-js';

/** One outgoing call. An interceptor passes it on, changed or not, or ends it by throwing. */
export type ClientCall = {
  readonly target: string;
  /** `/shopfast.users.v1.UsersService/GetUser` */
  readonly method: string;
  readonly request: unknown;
  readonly metadata: Metadata;
  /** Milliseconds since 1970. */
  readonly deadlineAtMs: number;
  /** Aborting ends the call with CANCELLED. */
  readonly signal: AbortSignal | undefined;
};

/** One incoming call. */
export type ServerCall = {
  readonly method: string;
  readonly request: unknown;
  readonly metadata: Metadata;
  /** Milliseconds since 1970; Infinity without a deadline. */
  readonly deadlineAtMs: number;
  /** Aborted when the caller has cancelled the call or its deadline has passed. */
  readonly signal: AbortSignal;
};

export type Next<Call> = (call: Call) => Promise<unknown>;

/** Resolves with the response. */
export type Interceptor<Call> = (call: Call, next: Next<Call>) => Promise<unknown>;

export type ClientInterceptor = Interceptor<ClientCall>;
export type ServerInterceptor = Interceptor<ServerCall>;

/** One function from many: the first interceptor is the outermost, `last` answers the call. */
export function chain<Call>(interceptors: readonly Interceptor<Call>[], last: Next<Call>): Next<Call> {
  return interceptors.reduceRight<Next<Call>>((next, interceptor) => (call) => interceptor(call, next), last);
}
