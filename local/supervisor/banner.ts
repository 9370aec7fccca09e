import type { Facts } from '../facts.ts';

/** What a person needs after the start: where everything is, who they are, and one order to place. */
export function describePlatform(facts: Facts, paths: { readonly facts: string; readonly logs: string }, took: string): string {
  const { gateway, temporal, provider, customer, api_key } = facts;
  return [
    '',
    `ShopFast is ready after ${took}.`,
    '',
    `  Gateway          ${gateway}   (API: ${gateway}/docs)`,
    `  Temporal Web UI  ${temporal.ui ? `${temporal.ui}/namespaces/${temporal.namespace}/workflows` : `of ${temporal.address}`}`,
    `  Provider         ${provider}`,
    '',
    `  API key          ${api_key}`,
    `  Customer         ${customer.email}  ${customer.password}`,
    `  Operator, admin  in ${paths.facts}`,
    `  Logs             ${paths.logs}`,
    '',
    ...describeOrder(facts),
    'Ctrl-C stops everything. In another terminal: npm run demo · npm run status · npm stop',
    '',
  ].join('\n');
}

function describeOrder({ gateway, api_key, customer, products }: Facts): string[] {
  const product = products.find(({ stock }) => stock > 0);
  if (!product) return [];
  const login = JSON.stringify({ email: customer.email, password: customer.password });
  const order = JSON.stringify({ items: [{ product_id: product.id, quantity: 1 }], payment_method: 'tok_ok' });
  const headers = `-H 'Content-Type: application/json' -H 'X-API-Key: ${api_key}'`;
  const token = `$(curl -s ${gateway}/v1/auth/login ${headers} -d '${login}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`;
  return [
    `Place an order (${product.name}):`,
    '',
    `curl -s ${gateway}/v1/orders ${headers} -H "Idempotency-Key: order-$(date +%s)-$$" -H "Authorization: Bearer ${token}" -d '${order}'`,
    '',
  ];
}
