import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { crowdedRooms } from '../../tools/checks/rooms.ts';
import { strayingSql } from '../../tools/checks/sql-strings.ts';
import { strayingTransitions } from '../../tools/checks/transitions.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'shopfast-limits-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

test('a function of more than 70 lines is caught by the linter, in production code and in tests', () => {
  const long = (lines: number) => `export function long(): void {\n${'  console.log(1);\n'.repeat(lines)}}\n`;
  const lint = () =>
    spawnSync(resolve('node_modules/.bin/biome'), ['lint', `--config-path=${process.cwd()}`, '.'], { cwd: root });

  for (const file of ['services/orders/domain/long.ts', 'tests/unit/long.test.ts']) {
    write(file, long(71));
    expect(String(lint().stderr)).toContain('noExcessiveLinesPerFunction');
    write(file, long(70));
    expect(String(lint().stderr)).not.toContain('noExcessiveLinesPerFunction');
  }
});

test('a room with more than 15 files at its root is caught, and so is a service', () => {
  for (let n = 0; n < 16; n += 1) write(`workflows/${n}.ts`, '');
  for (let n = 0; n < 16; n += 1) write(`services/orders/${n}.ts`, '');
  for (let n = 0; n < 15; n += 1) write(`gateway/${n}.ts`, '');
  for (let n = 0; n < 20; n += 1) write(`gateway/orders/${n}.ts`, '');

  expect(crowdedRooms(root, ['workflows', 'services', 'gateway', 'not-there'])).toEqual({
    rooms: 4,
    problems: ['workflows has 16 files at its root, more than 15', 'services/orders has 16 files at its root, more than 15'],
  });
});

test.each([
  ['a query', "await db.query('select id from orders where id = $1', [id]);"],
  ['a template', 'const text = `\n  insert into orders (id) values (1)`;'],
  ['an update', "run('update orders set status = 1');"],
  ['a common table expression', "run('with moved as (delete from x) select 1');"],
  ['a definition', "run('create table things (id integer)');"],
  ['a fragment in a tag', 'const now = sql`clock_timestamp()`;'],
  ['a fragment in a call', "const now = raw('now()');"],
])('SQL as %s is caught outside of store/', (_, statement) => {
  for (const folder of ['services/orders/domain', 'services/orders/store', 'services/orders/audit', 'gateway/orders']) {
    write(`${folder}/file.ts`, `${statement}\n`);
  }

  const { files, problems } = strayingSql(root, ['services', 'gateway', 'workflows']);

  expect(files).toBe(4);
  expect(problems).toEqual([
    expect.stringMatching(/^services\/orders\/domain\/file\.ts: SQL belongs in store\/: /),
    expect.stringMatching(/^gateway\/orders\/file\.ts: SQL belongs in store\/: /),
  ]);
});

test('prose and calls of the query builder are no SQL', () => {
  write(
    'services/orders/domain/file.ts',
    `describe('Selects one of them from the list, and updates it'); em.createQueryBuilder(Order).select('*').where({ id });\n`,
  );

  expect(strayingSql(root, ['services']).problems).toEqual([]);
});

test.each([
  ['an assignment', 'ship', "class Order { ship() { this.status = 'SHIPPED'; } }"],
  ['an assignment from outside', 'ship', "function ship(order) { order.status = 'SHIPPED'; }"],
  ['an arrow in a function', 'ship', "function ship(orders) { orders.forEach((order) => { order.status = 'SHIPPED'; }); }"],
  ['a copy', 'ship', "function ship(order) { Object.assign(order, { status: 'SHIPPED' }); }"],
  ['a shorthand', 'ship', 'function ship(em, order, status) { em.assign(order, { status }); }'],
  [
    'a write without an entity',
    'ship',
    "async function ship(em) { await em.nativeUpdate(Order, { id: 1 }, { status: 'SHIPPED' }); }",
  ],
  ['another method', 'move', "class Order { #move() { this.status = 'SHIPPED'; } }"],
])('%s that changes a status outside of moveTo is caught', (_, where, text) => {
  write('services/orders/domain/order.ts', `${text}\n`);

  expect(strayingTransitions(root)).toEqual({
    files: 1,
    problems: [`services/orders/domain/order.ts: ${where} changes a status; only moveTo and recordTransition do`],
  });
});

test.each([
  ['moveTo', 'class Order { private moveTo(to) { this.status = to; } }'],
  ['recordTransition as a function', 'function recordTransition(order, to) { order.status = to; }'],
  ['a first status', "class Refund { constructor() { this.status = 'PENDING'; } }"],
  ['a row that is made', 'function historyEntry(to) { const entry = new History(); entry.status = to; return entry; }'],
  ['a comparison', "function isPaid(order) { return order.status === 'PAID'; }"],
  ['a question', "function paid(em) { return em.find(Order, { status: 'PAID' }); }"],
])('%s is no stray transition', (_, text) => {
  write('services/orders/domain/order.ts', `${text}\n`);

  expect(strayingTransitions(root).problems).toEqual([]);
});
