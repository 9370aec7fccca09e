import { medianInterval, quantile, spread } from './load.ts';
import { type Measured, rate } from './measure.ts';
import { short, table } from './table.ts';

/** One round of each rival, one directly after the other. */
export type Pair = { readonly whole: Measured; readonly bare: Measured };

export type Findings = {
  readonly rounds: readonly Pair[];
  readonly alone: { readonly whole: number; readonly bare: number };
  readonly counts: Readonly<Record<string, object>>;
  readonly memory: Readonly<Record<string, number>>;
};

/** Processor time of a whole order by that of a bare workflow, over all processes that take part. */
export function processorRatio({ whole, bare }: Pair): number {
  return totalMs(whole) / totalMs(bare);
}

/** Prints what was found as tables; returns it as the result file holds it. */
export function report({ rounds, alone, counts, memory }: Findings) {
  const figures = figuresOf(rounds, alone);
  const ratios = {
    'processor time per order, whole / bare': medianInterval(rounds.map(processorRatio)),
    'rate, whole / bare': medianInterval(rounds.map(({ whole, bare }) => rate(whole) / rate(bare))),
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
    [`ratio, ${rounds.length} pairs`, 'median', '95 % from', 'to'],
    Object.entries(ratios).map(([name, { median, low, high }]) => [name, ...[median, low, high].map((of) => of.toFixed(3))]),
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
    [...Object.entries(memory), ['all', Object.values(memory).reduce((a, b) => a + b, 0)]].map((row) => row.map(String)),
  );
  return { figures, ratios, cpu_ms_per_call: cpu, per_order: counts, memory_mib: memory };
}

function figuresOf(rounds: readonly Pair[], alone: Findings['alone']) {
  const of = (pick: (pair: Pair) => number) => spread(rounds.map(pick));
  return {
    'whole orders per second': of(({ whole }) => rate(whole)),
    'bare workflows per second': of(({ bare }) => rate(bare)),
    'whole order p50 ms': of(({ whole }) => quantile(whole.latenciesMs, 0.5)),
    'whole order p99 ms': of(({ whole }) => quantile(whole.latenciesMs, 0.99)),
    'bare workflow p50 ms': of(({ bare }) => quantile(bare.latenciesMs, 0.5)),
    'alone p50 ms, whole': spread([alone.whole]),
    'alone p50 ms, bare': spread([alone.bare]),
    'alone p50, whole / bare': spread([alone.whole / alone.bare]),
    'failed calls': of(({ whole, bare }) => whole.failed + bare.failed),
  };
}

function totalMs({ cpuMsPerCall }: Measured): number {
  return Object.values(cpuMsPerCall).reduce((sum, ms) => sum + ms, 0);
}

function perProcess(rounds: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(rounds[0] ?? {});
  const each = names.map((name): [string, number] => [name, spread(rounds.map((round) => round[name] ?? 0)).median]);
  return Object.fromEntries([...each, ['all', each.reduce((sum, [, ms]) => sum + ms, 0)]]);
}
