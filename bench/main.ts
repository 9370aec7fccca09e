/** `npm run bench`: whole orders against the bare workflow, side by side; ratios, not absolute times, are what to trust. */
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { countPerOrder, metersOf } from '../testkit/meters.ts';
import { startPlatform } from '../testkit/platform.ts';
import { createShop } from '../testkit/shop.ts';
import { startTemporalOnPostgresql, type TemporalOnPostgresql } from '../testkit/temporal-postgresql/start.ts';
import { loadFor, quantile } from './load.ts';
import { measure, type Rival, rate } from './measure.ts';
import { memoryMiB } from './processes.ts';
import { type Pair, processorRatio, report } from './report.ts';
import { writeResult } from './result.ts';
import { bareWorkflow, wholeOrders } from './rivals.ts';
import { say } from './table.ts';

const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '10' },
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
  const rounds: Pair[] = [];
  for (let n = 1; n <= pairs; n += 1) {
    const pair = {
      whole: await measure(whole, seconds * 1_000, concurrency),
      bare: await measure(bare, seconds * 1_000, concurrency),
    };
    rounds.push(pair);
    const rates = `whole ${rate(pair.whole).toFixed(1)}/s, bare ${rate(pair.bare).toFixed(1)}/s`;
    say(`  pair ${n}: ${rates}, processor time ${processorRatio(pair).toFixed(3)} ×`);
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
