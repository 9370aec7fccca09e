/** Rate, errors and duration of every call, at both ends. */
import { grpcClientHandled, grpcClientSeconds, type Metrics } from '../../telemetry/metrics.ts';
import type { ClientInterceptor, ServerInterceptor } from '../interceptor.ts';
import { StatusError } from '../status-error.ts';

export function countSent(): ClientInterceptor {
  return async function countSentInterceptor(call, next) {
    const { target, method } = call;
    const observe = grpcClientSeconds.startTimer({ target, method });
    const finish = (code: string) => {
      observe();
      grpcClientHandled.inc({ target, method, code });
    };
    return settled(next(call), finish);
  };
}

export function countAnswered({ grpcHandled, grpcSeconds }: Metrics): ServerInterceptor {
  return async function countAnsweredInterceptor(call, next) {
    const { method } = call;
    const observe = grpcSeconds.startTimer({ method });
    return settled(next(call), (code) => {
      observe();
      grpcHandled.inc({ method, code });
    });
  };
}

async function settled(answer: Promise<unknown>, finish: (code: string) => void): Promise<unknown> {
  try {
    const response = await answer;
    finish('OK');
    return response;
  } catch (error: unknown) {
    finish(error instanceof StatusError ? error.code : 'UNKNOWN');
    throw error;
  }
}
