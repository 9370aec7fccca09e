import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../testkit/eventually.ts';
import { refusal } from '../../testkit/refusal.ts';
import { createProduct, LIMITS, openProducts, type ProductCalls, type ProductsFixture } from './products-fixture.ts';

let fixture: ProductsFixture;
let products: ProductCalls;
beforeAll(async () => {
  fixture = await openProducts();
  products = await fixture.start();
  await createProduct(products, { sku: 'RB-100', name: 'Red Robot', description: 'Walks and "talks"', category: 'toys' });
  await createProduct(products, { sku: 'RB-200', name: 'Blue robot', description: 'O’Neill’s 3.5 volt model', category: 'toys' });
  await createProduct(products, { sku: 'LAMP/7', name: 'Café lamp', description: 'red', category: 'home' });
  const hidden = await createProduct(products, { sku: 'RB-300', name: 'Old robot', category: 'toys' });
  await fixture.sql('update products set active = false where id = $1', [hidden.id]);
});
afterAll(() => fixture.close());

async function find(query: string, category = ''): Promise<string[]> {
  const page = await products.searchProducts({ query, category, pageSize: 0, cursor: '', includeTotalCount: false }, LIMITS);
  return page.products.map(({ sku }) => sku);
}

test.each([
  ['robot', '', ['RB-100', 'RB-200']],
  ['ROB', '', ['RB-100', 'RB-200']],
  ['red rob', '', ['RB-100']],
  ['red', '', ['RB-100', 'LAMP/7']],
  ['red', 'home', ['LAMP/7']],
  ['', 'toys', ['RB-100', 'RB-200']],
  ['', '', ['RB-100', 'RB-200', 'LAMP/7']],
  ['RB-100', '', ['RB-100']],
  ['rb 1', '', ['RB-100']],
  ['100', '', ['RB-100']],
  ['lamp/7', '', ['LAMP/7']],
  ['café', '', ['LAMP/7']],
  ['3.5', '', ['RB-200']],
  ['obot', '', []],
  ['robot', 'garden', []],
  ["talks' & ! | :* <-> \\", '', ['RB-100']],
  ['!?', '', []],
])('a search for "%s" in category "%s" finds %j', async (query, category, skus) => {
  expect(await find(query, category)).toEqual(skus);
});

test('pages show each product once, though others are created between them', async () => {
  const expected: string[] = [];
  for (let n = 1; n <= 5; n += 1) expected.push((await createProduct(products, { category: 'paged', sku: `P${n}` })).sku);
  const seen: string[] = [];
  let cursor = '';
  let pages = 0;
  do {
    const page = await products.searchProducts(
      { query: '', category: 'paged', pageSize: 2, cursor, includeTotalCount: false },
      LIMITS,
    );
    seen.push(...page.products.map(({ sku }) => sku));
    cursor = page.nextCursor;
    pages += 1;
    if (pages === 1) expected.push((await createProduct(products, { category: 'paged', sku: 'P-late' })).sku);
  } while (cursor !== '');
  expect(seen).toEqual(expected);
  expect(pages).toBe(3);
});

test('a cursor that was changed, made up or taken from another search is invalid', async () => {
  const search = { query: '', category: 'toys', pageSize: 1, cursor: '', includeTotalCount: false };
  const { nextCursor } = await products.searchProducts(search, LIMITS);
  const changed = Array.from(
    nextCursor,
    (_, at) => `${nextCursor.slice(0, at)}${nextCursor[at] === 'A' ? 'B' : 'A'}${nextCursor.slice(at + 1)}`,
  );
  expect(changed.length).toBeGreaterThan(30);
  for (const cursor of [...changed, `${nextCursor}=`, nextCursor.slice(1), 'x', '01890a5d-ac96-774b-bcce-b302099a8057']) {
    expect(await refusal(products.searchProducts({ ...search, cursor }, LIMITS))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: 'validation_failed',
      fields: ['cursor'],
    });
  }
  const elsewhere = { ...search, category: 'home', cursor: nextCursor };
  expect(await refusal(products.searchProducts(elsewhere, LIMITS))).toMatchObject({ fields: ['cursor'] });
  expect((await products.searchProducts({ ...search, cursor: nextCursor }, LIMITS)).products).toHaveLength(1);
});

test.each([
  ['a page of 101', { pageSize: 101 }, 'pageSize'],
  ['a page of -1', { pageSize: -1 }, 'pageSize'],
  ['a query with NUL', { query: 'a\0' }, 'query'],
])('a search for %s is invalid', async (_, change, field) => {
  const search = { query: '', category: '', pageSize: 1, cursor: '', includeTotalCount: false, ...change };
  expect(await refusal(products.searchProducts(search, LIMITS))).toMatchObject({ code: 'INVALID_ARGUMENT', fields: [field] });
});

test.each([
  ['äpfel', 'Äpfel aus Tirol'],
  ['ÄPFEL', 'Äpfel aus Tirol'],
  ['tirol', 'Äpfel aus Tirol'],
  ['strasse', 'Straßenkreide'],
  ['rose', 'Tee\u00a0Rose'],
  ['grün', 'Weiß\u2013Grün'],
  ['oma', '\u201eOma\u201c Kissen'],
  ['i\u0307stanbul', '\u0130stanbul'],
  ['cafe\u0301', 'Caf\u00e9'],
])('a search for "%s" finds "%s"', async (query, name) => {
  const { sku } = await createProduct(products, { name, category: 'text' });
  expect(await find(query, 'text')).toContain(sku);
});

test('a changed name is found by its new words, and no longer by its old ones', async () => {
  const { id, sku } = await createProduct(products, { name: 'Kettle', category: 'renamed' });
  await products.updateProduct({ idempotencyKey: `rename:${id}`, productId: id, name: 'Teapot' }, LIMITS);
  expect(await find('teapot', 'renamed')).toEqual([sku]);
  expect(await find('kettle', 'renamed')).toEqual([]);
});

test('a list says how many products it has on all pages when asked', async () => {
  for (let n = 1; n <= 3; n += 1) await createProduct(products, { category: 'counted', name: 'Counted thing' });
  const asked = { query: 'counted thing', category: 'counted', pageSize: 1, cursor: '' };
  expect((await products.searchProducts({ ...asked, includeTotalCount: true }, LIMITS)).totalCount).toBe(3);
  expect((await products.searchProducts({ ...asked, includeTotalCount: false }, LIMITS)).totalCount).toBeUndefined();
});

test.each([
  ['a rare word', 'bulk4321'],
  ['two frequent words that no product has both of', 'even odd'],
])('%s among many products is found through the index of words, and reads no other product', async (_, query) => {
  await fixture.sql(`insert into products (id, sku, name, search_text, category, price_minor, currency, stock_quantity)
    select gen_random_uuid(), 'BULK' || gen_random_uuid(), 'Bulk', 'bulk' || n || ' ' || case n % 2 when 0 then 'even' else 'odd' end,
      'bulk', 1, 'EUR', 0 from generate_series(1, 5000) n`);
  await fixture.sql('analyze products');
  const read = async () => {
    const [row] = await fixture.sql<{ scans: number; rows: number }>(`select
      (select idx_scan from pg_stat_user_indexes where indexrelname = 'products_search_words')::int as scans,
      (select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'products')::int as rows`);
    return row ?? { scans: 0, rows: 0 };
  };
  const before = await read();
  await find(query);
  // Statistics of a connection become visible when it has been idle for a moment.
  const after = await eventually(read, ({ scans }) => scans > before.scans);
  expect(after.rows - before.rows).toBeLessThan(1_000);
});
