import type { MethodDefinition } from '@grpc/grpc-js';

/** A generated service definition: its unary methods by name. */
export type ServiceDefinition = Readonly<Record<string, UnaryMethod<never, unknown>>>;

/** `MethodDefinition` of one unary method, without its variance traps. */
export type UnaryMethod<Request, Response> = {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: Request) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (value: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
};

export type RequestOf<M> = M extends { requestSerialize: (value: infer R) => Buffer } ? R : never;
export type ResponseOf<M> = M extends { responseDeserialize: (bytes: Buffer) => infer R } ? R : never;

/** The same method in grpc-js's type. Safe: a definition's four codecs agree with each other by construction. */
export function asMethod(method: UnaryMethod<never, unknown>): MethodDefinition<unknown, unknown> {
  return method as unknown as MethodDefinition<unknown, unknown>;
}

/** A service and its handlers, without their types. */
export type ServedService = {
  readonly definition: ServiceDefinition;
  readonly handlers: Readonly<Record<string, (request: never) => Promise<unknown>>>;
};
