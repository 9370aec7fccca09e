import vm from 'node:vm';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { OPERATIONS } from '../../gateway/app.ts';
import { type Shop, startShop } from './support/shop.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

test('the root leads to the page', async () => {
  const answer = await fetch(shop.base, { redirect: 'manual' });
  expect(answer.status).toBe(302);
  expect(answer.headers.get('location')).toBe('/docs');
});

test('the page loads only parts that the gateway itself serves, and its policy forbids every other script and server', async () => {
  const page = await shop.call('GET', '/docs');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toMatch('text/html');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("connect-src 'self'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect(page.text).not.toMatch(/https?:\/\/|<style|<script>| on\w+="| style="/);
  const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
  expect(loaded).toEqual(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs/start.js']);
  for (const path of loaded) {
    const part = await shop.call('GET', path);
    expect(part.status).toBe(200);
    expect(part.text.length).toBeGreaterThan(100);
    expect(part.headers.get('content-type')).toMatch(path.endsWith('.css') ? 'text/css' : 'text/javascript');
    expect(part.headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test('the page is started with the document of this gateway, and asks no server on the internet to validate it', async () => {
  const start = await shop.call('GET', '/docs/start.js');
  const given: unknown[] = [];
  vm.runInNewContext(start.text, { SwaggerUIBundle: (options: unknown) => given.push(options) });
  expect(given).toEqual([expect.objectContaining({ url: '/openapi.json', dom_id: '#swagger-ui', validatorUrl: null })]);
  const document = await shop.call('GET', '/openapi.json');
  for (const { id } of OPERATIONS) expect(document.text).toContain(`"operationId":"${id}"`);
});
