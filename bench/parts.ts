/**
 * `npm run bench:parts`: single parts of the platform, each beside the least that could do the same; ratios, not times, are
 * what to trust.
 */
import { parseArgs } from 'node:util';
import { startPlatform } from '../testkit/platform.ts';
import { createShop } from '../testkit/shop.ts';
import { spread } from './load.ts';
import { oneRow } from './parts/one-row.ts';
import type { Part } from './parts/part.ts';
import { productRead } from './parts/product-read.ts';
import { replayCost } from './parts/replay-cost.ts';
import { rpcHop } from './parts/rpc-hop.ts';
import { serviceWrite } from './parts/service-write.ts';
import { writeResult } from './result.ts';
import { say, short, table } from './table.ts';

const PARTS: Readonly<Record<string, (ground: Parameters<typeof productRead>[0]) => Promise<Part>>> = {
  replay: replayCost,
  read: productRead,
  hop: rpcHop,
  write: serviceWrite,
  row: oneRow,
};

const { values: options } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    only: { type: 'string', default: Object.keys(PARTS).join(',') },
  },
});

say('Starting a platform of its own …');
const platform = await startPlatform({ env: { LOG_LEVEL: 'warn' } });
try {
  const shop = await createShop(platform.facts);
  const results = [];
  for (const name of options.only.split(',')) {
    const open = PARTS[name];
    if (!open) throw new Error(`--only takes ${Object.keys(PARTS).join(', ')}, not ${name}`);
    const part = await open({ platform, shop });
    say(`${part.name} …`);
    results.push({ ...part.says, ...(await compare(part)) });
    await part.stop();
  }
  report(results);
  say(`Written to ${await writeResult('parts', { options, results })}`);
} finally {
  await platform.stop();
}

/** Ours and the other by turns, so that whatever else the machine does meets both. */
async function compare({ ours, other }: Part) {
  const rounds: { ours: number; other: number }[] = [];
  const ms = Number(options.seconds) * 1_000;
  for (const figure of [ours, other]) await figure(ms / 2);
  for (let n = 0; n < Number(options.pairs); n += 1) rounds.push({ ours: await ours(ms), other: await other(ms) });
  return {
    ours: spread(rounds.map((round) => round.ours)),
    other: spread(rounds.map((round) => round.other)),
    ratio: spread(rounds.map((round) => round.ours / round.other)),
  };
}

function report(results: readonly (Part['says'] & Awaited<ReturnType<typeof compare>>)[]): void {
  table(
    ['what', 'unit', 'ours', 'beside', 'ratio', 'min', 'max', 'goal'],
    results.map(({ what, beside, unit, goal, ours, other, ratio }) => [
      `${what} / ${beside}`,
      unit,
      ...[ours.median, other.median, ratio.median, ratio.min, ratio.max].map(short),
      goal,
    ]),
  );
}
