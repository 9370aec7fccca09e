/** The one place where a thrown error becomes a status, and a received status becomes an error. */
import type { ServiceError } from '@grpc/grpc-js';
import { isLockTimeout, isStatementTimeout } from '../../persistence/timeouts.ts';
import { isDatabaseUnavailable } from '../../persistence/unavailable.ts';
import type { Logger } from '../../telemetry/logs.ts';
import type { ToStatus } from '../domain-status.ts';
import type { ClientInterceptor, ServerInterceptor } from '../interceptor.ts';
import { decodeStatus, StatusError } from '../status-error.ts';

// Milliseconds after which a database that went away may be back, or a lock free.
const RETRY_DELAY_MS = 1_000;

/** A client's calls reject with StatusError only. */
export function receiveErrors(): ClientInterceptor {
  return async function receiveErrorsInterceptor(call, next) {
    try {
      return await next(call);
    } catch (error: unknown) {
      if (error instanceof StatusError || !isServiceError(error)) throw error;
      throw decodeStatus(error);
    }
  };
}

/**
 * A server answers StatusErrors unchanged, domain errors by the service's table, and faults by their kind. The message of an unknown
 * error stays in the log.
 */
export function sendErrors(options: { readonly logger: Logger; readonly toStatus: ToStatus }): ServerInterceptor {
  const { logger, toStatus } = options;
  return async function sendErrorsInterceptor(call, next) {
    try {
      return await next(call);
    } catch (error: unknown) {
      // The end of a call makes its work fail in many ways: the reason is that the call ended.
      const ended: unknown = call.signal.aborted ? call.signal.reason : undefined;
      if (ended instanceof StatusError) throw ended;
      const status = toStatus(error);
      throw status instanceof StatusError ? status : faultOf(status, call.method, logger);
    }
  };
}

function faultOf(cause: unknown, method: string, logger: Logger): StatusError {
  if (isDatabaseUnavailable(cause)) {
    logger.warn({ error: cause, method }, 'The database is unavailable');
    const message = 'A dependency is unavailable';
    return new StatusError({ code: 'UNAVAILABLE', reason: 'unavailable', message, retryDelayMs: RETRY_DELAY_MS, cause });
  }
  if (isLockTimeout(cause)) {
    logger.warn({ error: cause, method }, 'A lock was not free in time');
    const message = 'Another call is changing the same record; try again';
    return new StatusError({ code: 'ABORTED', reason: 'unavailable', message, retryDelayMs: RETRY_DELAY_MS, cause });
  }
  if (isStatementTimeout(cause)) {
    const message = 'The deadline passed during a statement';
    return new StatusError({ code: 'DEADLINE_EXCEEDED', reason: 'deadline_exceeded', message, cause });
  }
  logger.error({ error: cause, method }, 'A call failed unexpectedly');
  return new StatusError({ code: 'INTERNAL', reason: 'internal', message: 'Internal error', cause });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'metadata' in error && 'details' in error;
}
