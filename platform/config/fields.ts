import * as z from 'zod';

/** A TCP port to listen on; 0 lets the system choose one. */
export function port(standard: number, what: string) {
  return z
    .string()
    .regex(/^\d{1,5}$/, 'must be a port from 0 to 65535')
    .transform(Number)
    .pipe(z.number().max(65_535, 'must be a port from 0 to 65535'))
    .default(standard)
    .describe(what);
}

/** `host:port`, as a client dials it. */
export function address(what: string) {
  return z
    .string()
    .regex(/^[^\s:/]+:\d{1,5}$/, 'must be host:port')
    .describe(what);
}

/** Where a gRPC client finds a service (platform/rpc/client.ts). */
export function target(what: string) {
  return z
    .string()
    .regex(
      /^((dns:\/\/\/)?[^\s:/,]+:\d{1,5}|static:\/\/\/[^\s:/,]+:\d{1,5}(,[^\s:/,]+:\d{1,5})*)$/,
      'must be host:port, dns:///host:port or static:///host:port,host:port',
    )
    .describe(what);
}

/** `postgres://role:password@host:port/database`. The value is secret: never log it. */
export function databaseUrl(what: string) {
  return z
    .string()
    .regex(/^postgres(ql)?:\/\/[^\s]+\/[^\s/]+$/, 'must be postgres://role:password@host:port/database')
    .describe(what);
}

/** An integer within bounds; the name of the variable carries its unit. */
export function whole(standard: number, bounds: { min: number; max: number }, what: string) {
  const message = `must be a whole number from ${bounds.min} to ${bounds.max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .pipe(z.number().min(bounds.min, message).max(bounds.max, message))
    .default(standard)
    .describe(what);
}

export function httpUrl(what: string) {
  return z
    .string()
    .regex(/^https?:\/\/[^\s]+$/, 'must be an http or https URL')
    .describe(what);
}

export function smtpUrl(what: string) {
  return z
    .string()
    .regex(/^smtps?:\/\/[^\s]+$/, 'must be an smtp or smtps URL')
    .describe(what);
}

/** `address@domain` or `Name <address@domain>`. */
export function mailbox(what: string) {
  return z
    .string()
    .regex(/^([^\s<>@]+@[^\s<>@]+|[^<>@\r\n]+ <[^\s<>@]+@[^\s<>@]+>)$/, 'must be address@domain or Name <address@domain>')
    .describe(what);
}

export const logLevel = z
  .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'], 'must be trace, debug, info, warn, error or fatal')
  .default('info')
  .describe('The least severe level that is written.');

/** The address that a process's servers bind to. Loopback by default, so that nothing is exposed. */
export const bindHost = z.string().default('127.0.0.1').describe('The address that servers bind to; 0.0.0.0 in a container.');

export const grpcReflection = z
  .enum(['on', 'off'], 'must be on or off')
  .default('off')
  .describe('Whether services describe their calls to every caller (gRPC server reflection); for development only.');

/** Read by the service that registers webhooks and by the worker that posts to them. */
export const webhookPrivateAddresses = z
  .enum(['deny', 'allow'], 'must be deny or allow')
  .default('deny')
  .describe('Whether webhooks may point to addresses that are not public; for development, or a network of your own.');
