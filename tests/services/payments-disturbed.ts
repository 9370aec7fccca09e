/** Things that happen around the calls to the provider. */
import type { PaymentProvider } from '../../services/payments/domain/provider.ts';

export type Disturb = (provider: PaymentProvider) => PaymentProvider;

export type ProviderCall = 'charge' | 'findByKey' | 'findCharge' | 'cancelKey' | 'refund' | 'void' | 'knowsToken';
export type Moment = 'before' | 'after';

/** The real provider with something happening around its calls; a hook that throws is a crash at that moment. */
export function around(hook: (call: ProviderCall, moment: Moment) => Promise<void>): Disturb {
  return (real) => {
    const wrap =
      <Input, Output>(call: ProviderCall, work: (input: Input) => Promise<Output>) =>
      async (input: Input): Promise<Output> => {
        await hook(call, 'before');
        const output = await work(input);
        await hook(call, 'after');
        return output;
      };
    return {
      deadlineMs: real.deadlineMs,
      charge: wrap('charge', (request: Parameters<PaymentProvider['charge']>[0]) => real.charge(request)),
      findByKey: wrap('findByKey', (key: string) => real.findByKey(key)),
      findCharge: wrap('findCharge', (chargeId: string) => real.findCharge(chargeId)),
      cancelKey: wrap('cancelKey', (key: string) => real.cancelKey(key)),
      refund: wrap('refund', (request: Parameters<PaymentProvider['refund']>[0]) => real.refund(request)),
      void: wrap('void', (chargeId: string) => real.void(chargeId)),
      knowsToken: wrap('knowsToken', (token: string) => real.knowsToken(token)),
    };
  };
}

/** A crash at this moment of this call, the first time only. */
export function crashOnce(call: ProviderCall, moment: Moment) {
  let crashed = false;
  return around(async (...now) => {
    if (crashed || now[0] !== call || now[1] !== moment) return;
    crashed = true;
    throw new Error('The process died here');
  });
}

/** Stops whoever arrives at this moment until it is let go. */
export function pauseAt(call: ProviderCall, moment: Moment) {
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  return {
    disturb: around(async (...now) => {
      if (now[0] !== call || now[1] !== moment) return;
      arrived.resolve();
      await go.promise;
    }),
    arrived: arrived.promise,
    letGo: go.resolve,
  };
}
