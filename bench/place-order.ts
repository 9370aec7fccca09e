import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { Facts, OrderRequest, Shop } from '../tests/support/shop.ts';

/**
 * Places orders and answers each one's status when all of its answer is there. Over node:http, which costs a third of fetch: what is
 * measured is the platform, and whoever calls it shares its processors.
 */
export function createPlaceOrder(facts: Pick<Facts, 'gateway' | 'bench_api_key'>, { customer }: Pick<Shop, 'customer'>) {
  const url = new URL(`${facts.gateway}/v1/orders`);
  const agent = new Agent({ keepAlive: true });
  return (order: OrderRequest): Promise<number> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(order);
      const headers = {
        ...customer,
        'X-API-Key': facts.bench_api_key,
        'Content-Type': 'application/json',
        'Content-Length': String(Buffer.byteLength(body)),
        'Idempotency-Key': randomUUID(),
      };
      const placed = request(url, { method: 'POST', agent, headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
        response.on('error', reject);
      });
      placed.on('error', reject);
      placed.end(body);
    });
}
