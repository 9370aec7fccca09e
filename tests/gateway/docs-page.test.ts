import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Shop, startShop } from './support/shop.ts';

let shop: Shop;

beforeAll(async () => {
  shop = await startShop({ temporalAddress: '127.0.0.1:1' });
});

afterAll(async () => {
  await shop.stop();
});

test('the page loads only what the gateway itself serves, and may run nothing else', async () => {
  const page = await shop.call('GET', '/docs');
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toMatch('text/html');
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  expect(page.text).not.toMatch(/https?:\/\/|<style|<script>| on\w+="| style="/);
  const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? '');
  expect(loaded).toEqual(expect.arrayContaining(['/docs/page.js', '/docs/page.css', '/openapi.json', '/docs/problems.md']));
  for (const path of loaded) {
    const part = await shop.call('GET', path);
    expect(part.status).toBe(200);
    expect(part.text.length).toBeGreaterThan(100);
    expect(part.headers.get('content-type')).not.toBeNull();
  }
});

test('the script of the page neither makes markup of text nor asks anybody else', async () => {
  const script = await shop.call('GET', '/docs/page.js');
  expect(script.headers.get('content-type')).toMatch('text/javascript');
  expect(script.headers.get('x-content-type-options')).toBe('nosniff');
  expect(script.text).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write|eval\(|https?:/);
});

test('everything that the page can show it has in light and in dark', async () => {
  const style = await shop.call('GET', '/docs/page.css');
  expect(style.text).toContain('color-scheme: light dark');
  const colours = [...style.text.matchAll(/--\w+: (.+);/g)].map(([, value]) => value ?? '');
  expect(colours.length).toBeGreaterThan(5);
  for (const colour of colours) expect(colour).toMatch(/^light-dark\(/);
});
