import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyFile } from '../../../tools/replay-export.ts';
import type { PlacedOrder } from './order-lab.ts';

/**
 * With RECORD=1 the order's history becomes the one that `npm run replay` holds today's code against; with any other value it is
 * kept beside that one under a name of its own: RECORD=with-points makes confirmed-with-points.
 */
export async function record(name: string, order: PlacedOrder): Promise<void> {
  await order.handle.result();
  const { RECORD: wanted } = process.env;
  if (!wanted) return;
  const file = wanted === '1' ? name : `${name}-${wanted}`;
  writeFileSync(
    fileURLToPath(new URL(`../../replay/histories/${file}.json`, import.meta.url)),
    historyFile(await order.handle.fetchHistory()),
  );
}
