/** First aid: each part, its address, version, health, and why it is not ready. Exit code 0 only when all of them are. */
import { createConnection } from 'node:net';
import { join, relative, resolve } from 'node:path';
import { styleText } from 'node:util';
import * as z from 'zod';
import { loadConfig } from '../platform/config/load.ts';

const ANSWER_LIMIT_MS = 15_000;

export const statusConfig = z.object({
  SHOPFAST_DATA_DIR: z.string().default('.data').describe('Where the platform keeps its data, keys, logs and platform.json.'),
});

const part = z.object({
  name: z.string(),
  address: z.string(),
  state: z.string(),
  pid: z.number().nullable(),
  restarts: z.number(),
  ready: z.boolean(),
  version: z.string().nullable(),
  why: z.string().nullable(),
  mib: z.number().nullable(),
});
const status = z.object({
  pid: z.number(),
  own_mib: z.number().nullable(),
  elsewhere: z.array(z.object({ name: z.string(), address: z.string() })),
  parts: z.array(part),
});
const reply = z.object({ ok: z.literal(true), result: status });

type Status = z.infer<typeof status>;

try {
  const data = resolve(import.meta.dirname, '..', loadConfig(statusConfig).SHOPFAST_DATA_DIR);
  const found = await askStatus(join(data, 'control.sock'));
  if (found) show(found);
  else console.log(`ShopFast is not running (looked in ${data}): "npm start" starts it.`);
  process.exitCode = found?.parts.every(({ ready }) => ready) ? 0 : 1;
} catch (error: unknown) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** Undefined when nobody listens. The shorter spelling of the path, as the platform chose it: sockets' paths are limited. */
async function askStatus(path: string): Promise<Status | undefined> {
  const short = relative(process.cwd(), path);
  const socket = createConnection(short.length < path.length ? short : path);
  try {
    socket.write('{"command":"status"}\n');
    const line = await new Promise<string | undefined>((done, failed) => {
      let text = '';
      socket.once('error', () => done(undefined));
      socket.setTimeout(ANSWER_LIMIT_MS, () => failed(new Error('The platform runs but does not answer: its supervisor hangs')));
      socket.on('data', (chunk) => {
        text += chunk;
        if (text.endsWith('\n')) done(text);
      });
    });
    return line === undefined ? undefined : reply.parse(JSON.parse(line)).result;
  } finally {
    socket.destroy();
  }
}

function show({ pid, own_mib, elsewhere, parts }: Status): void {
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
function describeState({ state, ready }: z.infer<typeof part>): string {
  return state === 'ready' && !ready ? 'not ready' : state;
}

function mebibytes(mib: number | null): string {
  return mib === null ? '-' : mib.toFixed(0);
}
