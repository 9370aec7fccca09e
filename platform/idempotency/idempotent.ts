/** How a handler of a mutating call is written: validated, claimed by its key, and run once in one transaction. */
import type * as z from 'zod';
import type { Database, Transaction } from '../persistence/database.ts';
import type { ToStatus } from '../rpc/domain-status.ts';
import { parseRequest } from '../rpc/validate.ts';
import { type Codec, once } from './once.ts';
import { hashRequest } from './record.ts';

export type Call<Request, Response, Given extends { readonly idempotencyKey: string }> = {
  /** The RPC's name. */
  readonly operation: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
  readonly schema: z.ZodType<Given>;
  /** The part of a request that identifies it: two requests with the same part are the same. By default the complete request. */
  readonly identity?: (request: Request) => Request;
};

/** Runs the use case once per key (ID1 to ID5 of record.ts). */
export type Idempotent = <Request, Response, Given extends { readonly idempotencyKey: string }>(
  call: Call<Request, Response, Given>,
  run: (given: Given, transaction: Transaction) => Promise<Response>,
) => (request: Request) => Promise<Response>;

/** `toStatus` turns the service's domain errors into the statuses that are stored and answered. */
export function createIdempotent(database: Database, toStatus: ToStatus): Idempotent {
  return ({ operation, request: requests, response, schema, identity = (request) => request }, run) =>
    async (request) => {
      const given = parseRequest(schema, request);
      const requestHash = hashRequest(requests.encode(identity(request)).finish());
      const claim = { key: given.idempotencyKey, operation, requestHash, response };
      const { response: answer } = await once(database, claim, async (transaction) => {
        try {
          const made = await run(given, transaction);
          // Flushes here, so that `toStatus` also maps violations of the database's constraints.
          await transaction.em.flush();
          return made;
        } catch (error: unknown) {
          throw toStatus(error);
        }
      });
      return answer;
    };
}
