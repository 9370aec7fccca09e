/** `npm run bench`: whole orders against the bare workflow, side by side; ratios, not absolute times, are what to trust. */
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { countPerOrder, metersOf } from '../testkit/cost.ts';
import { startPlatform } from '../testkit/platform.ts';
import { createShop } from '../testkit/shop.ts';
import { loadFor, quantile, spread } from './load.ts';
import { type Measured, measure, type Rival, rate } from './measure.ts';
import { memoryMiB } from './processes.ts';
import { writeResult } from './result.ts';
import { bareWorkflow, wholeOrders } from './rivals.ts';
import { say, short, table } from './table.ts';
import { startTemporalOnPostgresql, type TemporalOnPostgresql } from './temporal-postgresql.ts';

const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '30' },
    concurrency: { type: 'string', default: '20' },
    counted: { type: 'string', default: '20' },
    temporal: { type: 'string', default: 'embedded' },
  },
});
const pairs = Number(options.pairs);
const seconds = Number(options.seconds);
const concurrency = Number(options.concurrency);
// Single calls of each, one after the other, whose median is the latency alone.
const ALONE = 120;
// Milliseconds of each before anything is measured. Processes that run for days are measured and not their start: an order of the
// first quarter of a minute costs a quarter more than one a minute later, until V8 has optimized what it goes through.
const WARM_UP_MS = 60_000;
// Pieces of it, by turns, so that no rival has been at rest when the measuring begins.
const WARM_UP_TURNS = 4;

say('Starting a platform of its own …');
const external = await chooseTemporal(options.temporal).catch(leave);
const platform = await startPlatform({
  env: { LOG_LEVEL: 'warn', ...(external && { TEMPORAL_ADDRESS: external.address }) },
});
try {
  const shop = await createShop(platform.facts);
  const address = platform.facts.temporal.address;
  const connection = await Connection.connect({ address });
  const pids = () => ({ ...platform.currentFacts().pids, ...external?.pids(), client: process.pid });
  const whole = await wholeOrders(platform.facts, shop, pids);
  const server = external?.pids() ?? { temporal: platform.facts.pids.temporal ?? 0 };
  const bare = await bareWorkflow(address, server);

  say('Counting what one order costs …');
  const meters = await metersOf(platform);
  const count = (paymentMethod: string) =>
    countPerOrder({ shop, client: new Client({ connection }), meters, orders: Number(options.counted), paymentMethod });
  const counts = { confirmed: await count('tok_ok'), declined: await count('tok_declined') };

  say('Warming up …');
  for (let turn = 0; turn < WARM_UP_TURNS; turn += 1) {
    for (const rival of [whole, bare]) await loadFor(WARM_UP_MS / WARM_UP_TURNS, concurrency, rival.call);
  }
  say('Alone, by turns …');
  const alone = await mediansAlone({ whole, bare });

  say(`${pairs} pairs of ${seconds} s at ${concurrency} at a time …`);
  const rounds: { whole: Measured; bare: Measured }[] = [];
  for (let n = 1; n <= pairs; n += 1) {
    const pair = {
      whole: await measure(whole, seconds * 1_000, concurrency),
      bare: await measure(bare, seconds * 1_000, concurrency),
    };
    rounds.push(pair);
    say(`  pair ${n}: whole ${rate(pair.whole).toFixed(1)}/s, bare ${rate(pair.bare).toFixed(1)}/s`);
  }
  const unexpected = Object.fromEntries(whole.unexpected ?? []);
  if (Object.keys(unexpected).length > 0) say(`Answers to whole orders that were not 201: ${JSON.stringify(unexpected)}`);
  const memory = Object.fromEntries(
    Object.entries(platform.currentFacts().pids).map(([name, pid]) => [name, Math.round(memoryMiB(pid))]),
  );
  await bare.stop();
  await connection.close();
  const result = report({ rounds, alone, counts, memory });
  const file = await writeResult('orders', { options, ...result, unexpected_statuses: unexpected });
  say(`Written to ${file}`);
} finally {
  await platform.stop();
  await external?.stop();
}

async function chooseTemporal(choice: string): Promise<TemporalOnPostgresql | undefined> {
  if (choice === 'embedded') return undefined;
  if (choice === 'postgresql') return startTemporalOnPostgresql();
  throw new Error(`--temporal must be embedded or postgresql, not ${choice}`);
}

/** A user's mistake and a missing program are one line. */
function leave(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

/** By turns, so that whatever else the machine does meets both. */
async function mediansAlone(rivals: { whole: Rival; bare: Rival }): Promise<{ whole: number; bare: number }> {
  const latencies: Record<keyof typeof rivals, number[]> = { whole: [], bare: [] };
  for (let n = 0; n < ALONE; n += 1) {
    for (const name of ['whole', 'bare'] as const) {
      const startMs = performance.now();
      await rivals[name].call();
      latencies[name].push(performance.now() - startMs);
    }
  }
  const median = (of: number[]) =>
    quantile(
      of.sort((a, b) => a - b),
      0.5,
    );
  return { whole: median(latencies.whole), bare: median(latencies.bare) };
}

function report({
  rounds,
  alone,
  counts,
  memory,
}: {
  rounds: readonly { whole: Measured; bare: Measured }[];
  alone: { whole: number; bare: number };
  counts: Record<string, object>;
  memory: Record<string, number>;
}) {
  const of = (pick: (pair: { whole: Measured; bare: Measured }) => number) => spread(rounds.map(pick));
  const figures = {
    'whole orders per second': of(({ whole }) => rate(whole)),
    'bare workflows per second': of(({ bare }) => rate(bare)),
    'rate, whole / bare': of(({ whole, bare }) => rate(whole) / rate(bare)),
    'whole order p50 ms': of(({ whole }) => quantile(whole.latenciesMs, 0.5)),
    'whole order p99 ms': of(({ whole }) => quantile(whole.latenciesMs, 0.99)),
    'bare workflow p50 ms': of(({ bare }) => quantile(bare.latenciesMs, 0.5)),
    'alone p50 ms, whole': spread([alone.whole]),
    'alone p50 ms, bare': spread([alone.bare]),
    'alone p50, whole / bare': spread([alone.whole / alone.bare]),
    'failed calls': of(({ whole, bare }) => whole.failed + bare.failed),
  };
  const cpu = {
    whole: perProcess(rounds.map(({ whole }) => whole.cpuMsPerCall)),
    bare: perProcess(rounds.map(({ bare }) => bare.cpuMsPerCall)),
  };
  table(
    ['figure', 'median', 'min', 'max'],
    Object.entries(figures).map(([name, { median, min, max }]) => [name, ...[median, min, max].map(short)]),
  );
  table(
    ['processor ms per call', 'whole order', 'bare workflow'],
    [...new Set([...Object.keys(cpu.whole), ...Object.keys(cpu.bare)])].map((name) => [
      name,
      short(cpu.whole[name]),
      short(cpu.bare[name]),
    ]),
  );
  table(
    ['per order', ...Object.keys(counts)],
    Object.keys(counts.confirmed ?? {}).map((name) => [name, ...Object.values(counts).map((of) => short(Reflect.get(of, name)))]),
  );
  table(
    ['memory (PSS)', 'MiB'],
    [...Object.entries(memory), ['all', Object.values(memory).reduce((a, b) => a + b, 0)]].map(([name, mib]) => [
      String(name),
      String(mib),
    ]),
  );
  return { figures, cpu_ms_per_call: cpu, per_order: counts, memory_mib: memory };
}

function perProcess(rounds: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(rounds[0] ?? {});
  const each = names.map((name): [string, number] => [name, spread(rounds.map((round) => round[name] ?? 0)).median]);
  return Object.fromEntries([...each, ['all', each.reduce((sum, [, ms]) => sum + ms, 0)]]);
}
