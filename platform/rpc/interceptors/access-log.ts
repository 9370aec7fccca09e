import type { Logger } from '../../telemetry/logs.ts';
import type { ServerInterceptor } from '../interceptor.ts';
import { StatusError } from '../status-error.ts';

/** One line per answered call, at level debug. */
export function logAnswered(logger: Logger): ServerInterceptor {
  return async function logAnsweredInterceptor(call, next) {
    const startedMs = performance.now();
    const log = (code: string) => {
      const duration_ms = Math.round(performance.now() - startedMs);
      logger.debug({ method: call.method, code, duration_ms }, 'Answered a call');
    };
    try {
      const response = await next(call);
      log('OK');
      return response;
    } catch (error: unknown) {
      log(error instanceof StatusError ? error.code : 'UNKNOWN');
      throw error;
    }
  };
}
