import { isGrpcServiceError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../contracts/order.ts';
import type { Logger } from '../platform/telemetry/logs.ts';

// temporal.api.enums.v1.IndexedValueType
const INDEXED_TYPES = { KEYWORD: 2, BOOL: 5 } as const;
// google.rpc.Code
const ALREADY_EXISTS = 6;

/**
 * Makes sure that the server knows every search attribute. Where only an administrator may add them, as on Temporal Cloud,
 * the missing ones are named in the log and the worker goes on: a start with an unknown attribute is refused by the server.
 */
export async function registerSearchAttributes(connection: NativeConnection, namespace: string, logger: Logger): Promise<void> {
  let missing: readonly (typeof SEARCH_ATTRIBUTES)[number][] = SEARCH_ATTRIBUTES;
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    missing = SEARCH_ATTRIBUTES.filter(({ name }) => !(name in customAttributes));
    if (missing.length === 0) return;
    const searchAttributes = Object.fromEntries(missing.map(({ name, type }) => [name, INDEXED_TYPES[type]]));
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error: unknown) {
    // Another worker that starts now was quicker.
    if (isGrpcServiceError(error) && error.code === ALREADY_EXISTS) return;
    logger.warn({ error, missing: missing.map(({ name }) => name) }, 'Search attributes could not be registered');
  }
}
