import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyFile } from '../../../tools/replay-export.ts';
import type { PlacedOrder } from './order-lab.ts';

/** With RECORD=1 the order's history becomes the one that `npm run replay` holds today's code against. */
export async function record(name: string, order: PlacedOrder): Promise<void> {
  await order.handle.result();
  if (process.env.RECORD !== '1') return;
  const file = fileURLToPath(new URL(`../../replay/histories/${name}.json`, import.meta.url));
  writeFileSync(file, historyFile(await order.handle.fetchHistory()));
}
