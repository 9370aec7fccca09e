import vm from 'node:vm';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { OPERATIONS } from '../../gateway/api/openapi.ts';
import { eventually } from '../../testkit/eventually.ts';
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

test('the page shows every operation, parameter and reason of the document', async () => {
  const [script, openApi] = [await shop.call('GET', '/docs/page.js'), await shop.call('GET', '/openapi.json')];
  const page = createPage(openApi.body);
  vm.runInNewContext(script.text, page.globals);
  const shown = await eventually(
    async () => page.text(),
    (text) => text.includes('OrderStatusView'),
  );
  for (const operation of OPERATIONS) {
    expect(shown).toContain(operation.summary);
    expect(shown).toContain(operation.path.replace(':id', '{id}'));
  }
  for (const words of ['Idempotency-Key', 'insufficient_stock', 'payment_declined', 'maxItems 100', 'Needs the role admin.']) {
    expect(shown).toContain(words);
  }
  expect(shown).not.toMatch(/undefined|\[object|could not be loaded/);
});

type Node = string | Element;
type Element = {
  readonly tagName: string;
  readonly id: string;
  readonly children: readonly Node[];
  className: string;
  textContent: string;
  append(...more: Node[]): void;
  setAttribute(name: string, value: string): void;
  addEventListener(): void;
  querySelector(wanted: string): Element | undefined;
  querySelectorAll(): Element[];
};

/** As much of an element as the page uses. */
function createElement(tag: string): Element {
  const children: Node[] = [];
  const attributes = new Map<string, string>();
  const element: Element = {
    tagName: tag.toUpperCase(),
    className: '',
    textContent: '',
    children,
    append: (...more: Node[]) => children.push(...more),
    setAttribute: (name: string, value: string) => attributes.set(name, value),
    get id() {
      return attributes.get('id') ?? '';
    },
    addEventListener: () => undefined,
    querySelector: (wanted: string): Element | undefined => all(element).find((one) => one.tagName === wanted.toUpperCase()),
    querySelectorAll: () => all(element).filter((one) => one.tagName === 'CODE' || one.className.startsWith('method')),
  };
  return element;
}

function all(element: { readonly children: readonly Node[] }): Element[] {
  return element.children.flatMap((child) => (typeof child === 'string' ? [] : [child, ...all(child)]));
}

function createPage(openApi: object) {
  const named = new Map(['version', 'about', 'find', 'operations', 'contents'].map((name) => [name, createElement('div')]));
  const textOf = (node: Node): string =>
    typeof node === 'string' ? node : node.textContent + node.children.map(textOf).join(' ');
  return {
    text: () => [...named.values()].map(textOf).join('\n'),
    globals: {
      document: { createElement, getElementById: (name: string) => named.get(name) },
      fetch: async () => ({ ok: true, json: async () => openApi }),
      location: { hash: '' },
      addEventListener: () => undefined,
      decodeURIComponent,
    },
  };
}
