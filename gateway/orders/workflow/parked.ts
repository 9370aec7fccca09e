/**
 * Orders whose undos keep failing (SG6). Temporal's visibility knows them; their records do not.
 *
 * PO1 A page holds the ids of at most as many orders as requested. A filter of the caller may drop some, and adds none.
 * PO2 A cursor belongs to the list that it came from.
 */
import { createHash } from 'node:crypto';
import { isGrpcServiceError } from '@temporalio/client';
import { orderIdOf } from '../../../contracts/ids.ts';
import { PARKED_ORDERS } from '../../../contracts/order.ts';
import { entityId } from '../../../platform/rpc/fields.ts';
import { HttpProblem, unavailable } from '../../http/problem.ts';
import type { Temporal } from './connection.ts';

// Milliseconds for one page of visibility; leaves time for the records within the five seconds of the route.
const LIST_LIMIT_MS = 1_500;
// google.rpc.Code
const INVALID_ARGUMENT = 3;
const CHECK_BYTES = 8;

export type ParkedPage = { readonly orderIds: string[]; readonly nextCursor: string };

export function createParkedOrders({ client, connection, within }: Pick<Temporal, 'client' | 'connection' | 'within'>) {
  return {
    /** The newest first. `list` identifies the list of the cursor. Throws 503 when Temporal does not answer. */
    async parkedOrders(list: string, { size, cursor }: { readonly size: number; readonly cursor: string }): Promise<ParkedPage> {
      const nextPageToken = cursor === '' ? undefined : decodeCursor(list, cursor);
      const { namespace } = client.options;
      const request = { namespace, query: PARKED_ORDERS, pageSize: size, ...(nextPageToken ? { nextPageToken } : {}) };
      try {
        const found = await within(LIST_LIMIT_MS, () => connection.workflowService.listWorkflowExecutions(request));
        const orderIds = found.executions.map(({ execution }) => orderIdOf(execution?.workflowId ?? '')).filter(isOrderId);
        return { orderIds, nextCursor: found.nextPageToken.length > 0 ? encodeCursor(list, found.nextPageToken) : '' };
      } catch (error: unknown) {
        if (!isGrpcServiceError(error)) throw error;
        // The gateway made the query, so the wrong part of the request is its token.
        throw nextPageToken && error.code === INVALID_ARGUMENT ? malformedCursor() : unavailable(error);
      }
    },
  };
}

/** A workflow that was started by hand under another kind of id has no order. */
function isOrderId(id: string | undefined): id is string {
  return entityId.safeParse(id).success;
}

/** PO2. The check guards against mistakes and needs no secret: the filters of the list apply to every page. */
function encodeCursor(list: string, token: Uint8Array): string {
  return Buffer.concat([checkOf(list, token), token]).toString('base64url');
}

function decodeCursor(list: string, cursor: string): Buffer {
  const bytes = Buffer.from(cursor, 'base64url');
  const token = bytes.subarray(CHECK_BYTES);
  // Decoding skips what is not base64url: only the one spelling counts.
  const intact = bytes.toString('base64url') === cursor && bytes.subarray(0, CHECK_BYTES).equals(checkOf(list, token));
  if (!intact) throw malformedCursor();
  return token;
}

function checkOf(list: string, token: Uint8Array): Buffer {
  return createHash('sha256').update(`${list}\n`).update(token).digest().subarray(0, CHECK_BYTES);
}

function malformedCursor(): HttpProblem {
  return new HttpProblem({
    reason: 'validation_failed',
    status: 400,
    detail: 'The request has invalid fields',
    members: { errors: [{ pointer: '/cursor', detail: 'is not a cursor of this list' }] },
  });
}
