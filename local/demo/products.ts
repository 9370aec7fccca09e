// A few products to order, made through the gateway like anybody else's, and found again at later starts.
import * as z from 'zod';
import type { DemoProduct } from '../facts.ts';
import type { Paths } from '../paths.ts';
import { readPrivate, writePrivate } from '../private-files.ts';
import { createShop, expectAnswer, type Shop } from './shop.ts';

const PRODUCTS = [
  { sku: 'DEMO-MUG', name: 'Enamel mug', category: 'kitchen', priceMinor: 1_490, stock: 1_000 },
  { sku: 'DEMO-LAMP', name: 'Desk lamp', category: 'office', priceMinor: 5_900, stock: 250 },
  { sku: 'DEMO-PACK', name: 'Canvas backpack', category: 'travel', priceMinor: 8_950, stock: 50 },
  { sku: 'DEMO-GONE', name: 'Sold-out poster', category: 'home', priceMinor: 1_990, stock: 0 },
];

const remembered = z.record(z.string(), z.string());
const product = z.object({ id: z.string(), sku: z.string(), name: z.string(), available_quantity: z.number() });
const page = z.object({ items: z.array(product) });

/** Each demo product with what is available of it now. Rejects when the gateway or its admin cannot be used. */
export async function ensureDemoProducts(options: {
  readonly gateway: string;
  readonly apiKey: string;
  readonly admin: { readonly email: string; readonly password: string };
  readonly paths: Paths;
}): Promise<DemoProduct[]> {
  const { gateway, apiKey, admin, paths } = options;
  const shop = createShop({ gateway, apiKey });
  const ids = readPrivate(paths.products, remembered) ?? {};
  let asAdmin: Record<string, string> | undefined;
  const found: DemoProduct[] = [];
  for (const wanted of PRODUCTS) {
    let body = await findById(shop, ids[wanted.sku]);
    if (!body) {
      asAdmin ??= await shop.login(admin);
      body = await createProduct(shop, asAdmin, wanted);
    }
    found.push({ id: body.id, sku: body.sku, name: body.name, stock: body.available_quantity });
  }
  writePrivate(paths.products, Object.fromEntries(found.map(({ sku, id }) => [sku, id])));
  return found;
}

async function findById(shop: Shop, id: string | undefined) {
  if (id === undefined) return undefined;
  const answer = await shop.call('GET', `/products/${id}`);
  // The services may use other databases than at the last start.
  return answer.status === 404 ? undefined : expectAnswer(answer, product, 'reading a demo product');
}

async function createProduct(shop: Shop, asAdmin: Record<string, string>, wanted: (typeof PRODUCTS)[number]) {
  const { sku, name, category, priceMinor, stock } = wanted;
  const answer = await shop.call('POST', '/products', {
    body: { sku, name, category, price: { amount_minor: priceMinor, currency: 'EUR' }, stock_quantity: stock },
    headers: { ...asAdmin, 'Idempotency-Key': `demo-product-${sku}` },
  });
  if (answer.status !== 409) return expectAnswer(answer, product, `making the demo product ${sku}`);
  const search = await shop.call('GET', `/products?q=${encodeURIComponent(name)}`);
  const existing = expectAnswer(search, page, 'looking for a demo product').items.find((item) => item.sku === sku);
  return existing ?? expectAnswer(answer, product, `making the demo product ${sku}`);
}
