import pino from 'pino';
import { currentContext } from './context.ts';
import { describeError } from './describe-error.ts';

export type Logger = pino.Logger;

/**
 * JSON lines on standard output: timestamp, level, service, trace_id, span_id, message and the given fields. Callers never pass
 * secrets; the redaction list is a second line of defence.
 */
export function createLogger(service: string, level: string): Logger {
  return pino({
    level,
    base: { service },
    messageKey: 'message',
    errorKey: 'error',
    serializers: { error: describeError },
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    mixin: () => {
      const context = currentContext();
      if (!context) return {};
      return {
        trace_id: context.traceId,
        span_id: context.spanId,
        ...(context.userId ? { user_id: context.userId } : {}),
        ...(context.orderId ? { order_id: context.orderId } : {}),
      };
    },
    redact: {
      paths: ['password', 'email', 'token', 'payment_method', 'paymentMethod', 'authorization', '*.password', '*.email'],
      censor: '[redacted]',
    },
  });
}
