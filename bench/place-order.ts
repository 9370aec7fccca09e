import { randomUUID } from 'node:crypto';
import { createExchange } from '../platform/http/exchange.ts';
import type { Facts, OrderRequest, Shop } from '../testkit/shop.ts';

// Milliseconds; the gateway waits for an outcome 10 s at most by itself.
const DEADLINE_MS = 30_000;

/**
 * Places orders and answers each one's status when all of its answer is there, as cheaply as it can: what is measured is the
 * platform, and whoever calls it shares its processors.
 */
export function createPlaceOrder(facts: Pick<Facts, 'gateway' | 'bench_api_key'>, { customer }: Pick<Shop, 'customer'>) {
  const exchange = createExchange({ url: facts.gateway, deadlineMs: DEADLINE_MS });
  const known = { ...customer, 'X-API-Key': facts.bench_api_key, 'Content-Type': 'application/json' };
  return async (order: OrderRequest): Promise<number> => {
    const headers = { ...known, 'Idempotency-Key': randomUUID() };
    const { status } = await exchange('POST', '/v1/orders', { headers, body: JSON.stringify(order) });
    return status;
  };
}
