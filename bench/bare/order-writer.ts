/**
 * What CreateOrder is compared with: grpc-js, and one prepared statement that writes an order, three lines and a key, with
 * no rule looked at.
 */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import pg from 'pg';
import { echoDefinition } from './echo.ts';

process.on('disconnect', () => process.exit(0));
const pool = new pg.Pool({ connectionString: process.argv[2], max: 10 });
await pool.query(`
  create table if not exists bench_keys (key text primary key, response bytea not null);
  create table if not exists bench_orders (id uuid primary key, total_minor bigint not null, at timestamptz not null default now());
  create table if not exists bench_lines (order_id uuid, product_id uuid, quantity integer, price_minor bigint,
    primary key (order_id, product_id))`);
const WRITE = `
  with claimed as (insert into bench_keys values ($1, $2) returning key),
  placed as (insert into bench_orders (id, total_minor) select $3::uuid, 3000 from claimed returning id)
  insert into bench_lines select id, gen_random_uuid(), 1, 1000 from placed, generate_series(1, 3)`;

const server = new Server();
server.addService(echoDefinition, {
  echo: (call: { request: Buffer }, answer: (error: Error | null, response?: Buffer) => void) => {
    const orderId = call.request.toString();
    pool
      .query({ name: 'write', text: WRITE, values: [`create:${orderId}`, call.request, orderId] })
      .then(() => answer(null, call.request), answer);
  },
});
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.(port);
});
