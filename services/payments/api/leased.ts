/** How a handler is written whose call spans transactions, because it asks the provider between them. */
import { v7 as uuid } from 'uuid';
import type * as z from 'zod';
import type { Codec } from '../../../platform/idempotency/once.ts';
import { abandon, claim, complete, hashRequest, refuse, renew, seize, tombstone } from '../../../platform/idempotency/record.ts';
import type { Sql } from '../../../platform/persistence/sql.ts';
import { shielded } from '../../../platform/rpc/call-scope.ts';
import { StatusError } from '../../../platform/rpc/status-error.ts';
import { parseRequest } from '../../../platform/rpc/validate.ts';
import { annotate } from '../../../platform/telemetry/context.ts';
import type { Logger } from '../../../platform/telemetry/logs.ts';
import { RefundPaymentResponse } from '../../../proto/gen/shopfast/payments/v1/payments.ts';
import type { LeasedOperation } from '../domain/leased-operation.ts';
import { toStatus } from './errors.ts';

// Milliseconds above the waits between the transactions: the transactions themselves.
const MARGIN_MS = 2_000;

// The answer of a refund that was settled by other means: the call itself gave back nothing.
const SETTLED_REFUND = RefundPaymentResponse.encode({ refundedMinor: 0 }).finish();

type Given = { readonly idempotencyKey: string; readonly orderId: string; readonly userId?: string };

export type LeasedCall<Request, Response, G extends Given> = {
  /** The RPC's name. */
  readonly operation: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
  readonly schema: z.ZodType<G>;
  /** The part of the request that makes two requests the same; without it the complete request. */
  readonly identity?: (request: Request) => Request;
  /** Milliseconds that the call waits at most between two of its transactions. The lease is longer, so that no waiting owner loses it. */
  readonly waitsMs: number;
};

export function createLeased({ sql, logger }: { readonly sql: Sql; readonly logger: Logger }) {
  return <Request, Response, G extends Given>(
    call: LeasedCall<Request, Response, G>,
    run: (given: G, operation: LeasedOperation<Response>) => Promise<Response>,
  ) =>
    async (request: Request): Promise<Response> => {
      const { schema, identity = (all) => all } = call;
      const given = parseRequest(schema, request);
      annotate({ orderId: given.orderId, ...(given.userId === undefined ? {} : { userId: given.userId }) });
      const requestHash = hashRequest(call.request.encode(identity(request)).finish());
      const { operation, giveBack } = openLease(call, { key: given.idempotencyKey, requestHash });
      try {
        return await run(given, operation);
      } catch (error: unknown) {
        const status = toStatus(error);
        if (status instanceof StatusError && status.code === 'UNAVAILABLE') logger.warn({ error }, 'A payment is not settled');
        await giveBack(sql, error).catch((failed: unknown) =>
          logger.warn({ error: failed }, 'A lease could not be given back; it expires by itself'),
        );
        throw status;
      }
    };
}

function openLease<Response>(
  call: Pick<LeasedCall<never, Response, never>, 'operation' | 'response' | 'waitsMs'>,
  { key, requestHash }: { readonly key: string; readonly requestHash: Buffer },
) {
  const lease = { owner: uuid(), durationMs: call.waitsMs + MARGIN_MS };
  let isClaimed = false;
  let seizedKey: string | undefined;
  let stored: unknown;
  const operation: LeasedOperation<Response> = {
    key,
    async claim({ sql }) {
      const claimed = await claim(sql, { operation: call.operation, key, requestHash, lease });
      if (claimed.state === 'completed') return { state: 'completed', result: call.response.decode(claimed.response) };
      isClaimed = true;
      return { state: 'mine' };
    },
    outliveCall: shielded,
    async renew({ sql }) {
      await renew(sql, key, lease);
      if (seizedKey !== undefined) await renew(sql, seizedKey, lease);
    },
    async complete({ sql }, result) {
      await complete(sql, key, call.response.encode(result).finish(), lease.owner);
      if (seizedKey !== undefined) await complete(sql, seizedKey, SETTLED_REFUND, lease.owner);
    },
    async seizeRefund({ sql }, refundKey) {
      if (await seize(sql, { key: refundKey, operation: 'RefundPayment', lease })) seizedKey = refundKey;
    },
    async refuse({ sql }, refusal) {
      const status = toStatus(refusal);
      if (!(status instanceof StatusError)) throw refusal;
      await refuse(sql, key, status, lease.owner);
      stored = refusal;
    },
    forbidCharge: ({ sql }, chargeKey) => tombstone(sql, chargeKey, 'ProcessPayment'),
  };
  return {
    operation,
    /**
     * Ends the lease of a call that failed, so that its next attempt need not wait to find out what happened. Nothing to do after a
     * refusal that was stored; a settled record stays as it is.
     */
    async giveBack(sql: Sql, error: unknown): Promise<void> {
      if (!isClaimed || error === stored) return;
      await abandon(sql, key, lease.owner);
      if (seizedKey !== undefined) await abandon(sql, seizedKey, lease.owner);
    },
  };
}
