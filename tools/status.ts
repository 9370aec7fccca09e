/** First aid: each part, its address, version, health, and why it is not ready. Exit code 0 only when all of them are. */
import { resolve } from 'node:path';
import { styleText } from 'node:util';
import * as z from 'zod';
import { loadConfig } from '../platform/config/load.ts';
import { NotRunning, readStatus } from '../platform/control/client.ts';
import { controlSocket, type PartStatus, type PlatformStatus } from '../platform/control/protocol.ts';

export const statusConfig = z.object({
  SHOPFAST_DATA_DIR: z.string().default('.data').describe('Where the platform keeps its data, keys, logs and platform.json.'),
});

try {
  const data = resolve(import.meta.dirname, '..', loadConfig(statusConfig).SHOPFAST_DATA_DIR);
  process.exitCode = await showPlatform(data);
} catch (error: unknown) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** Returns the exit code. */
async function showPlatform(data: string): Promise<number> {
  try {
    const status = await readStatus(controlSocket(data));
    show(status);
    return status.parts.every(({ ready }) => ready) ? 0 : 1;
  } catch (error: unknown) {
    if (!(error instanceof NotRunning)) throw error;
    console.log(`ShopFast is not running (looked in ${data}): "npm start" starts it.`);
    return 1;
  }
}

function show({ pid, own_mib, elsewhere, parts }: PlatformStatus): void {
  const rows = [
    ['PART', 'STATE', 'VERSION', 'PID', 'MIB', 'RESTARTS', 'ADDRESS'],
    ...parts.map((row) => [
      row.name,
      describeState(row),
      row.version ?? '-',
      String(row.pid ?? '-'),
      mebibytes(row.mib),
      String(row.restarts),
      row.address,
    ]),
    ...elsewhere.map(({ name, address }) => [name, 'elsewhere', '-', '-', '-', '-', address]),
    ['supervisor', 'ready', '-', String(pid), mebibytes(own_mib), '-', 'npm start itself'],
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  for (const { name, ready, why } of parts)
    if (!ready) console.log(styleText('red', `${name} is not ready: ${why ?? 'unknown'}`));
  const total = [own_mib, ...parts.map(({ mib }) => mib)].reduce<number>((sum, mib) => sum + (mib ?? 0), 0);
  const notReady = parts.filter(({ ready }) => !ready).length;
  const verdict = notReady === 0 ? 'All parts are ready' : `${notReady} of ${parts.length} parts are not ready`;
  console.log(`${verdict}${total > 0 ? `; ${Math.round(total)} MiB in all` : ''}.`);
}

/** A part that was ready and no longer answers is still 'ready' to its supervisor, which looks only at the process. */
function describeState({ state, ready }: PartStatus): string {
  return state === 'ready' && !ready ? 'not ready' : state;
}

function mebibytes(mib: number | null): string {
  return mib === null ? '-' : mib.toFixed(0);
}
