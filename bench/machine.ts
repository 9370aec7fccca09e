import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';

/** What makes absolute figures of two machines comparable: the same small works, timed on this one. */
export async function fingerprint() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    fdatasync_ms: round(fdatasyncMs()),
    sha256_mib_per_s: Math.round(hashRate()),
    http_requests_per_s: Math.round(await httpRate()),
  };
}

/** Median milliseconds to make 4 KiB durable where temporary files live. */
function fdatasyncMs(): number {
  const folder = mkdtempSync(join(tmpdir(), 'shopfast-bench-'));
  const file = openSync(join(folder, 'probe'), 'w');
  const page = randomBytes(4096);
  const times = Array.from({ length: 50 }, () => {
    const startMs = performance.now();
    writeSync(file, page);
    fdatasyncSync(file);
    return performance.now() - startMs;
  }).sort((a, b) => a - b);
  closeSync(file);
  rmSync(folder, { recursive: true });
  return times[25] ?? Number.NaN;
}

function hashRate(): number {
  const block = randomBytes(2 ** 20);
  const startMs = performance.now();
  for (let n = 0; n < 200; n += 1) createHash('sha256').update(block).digest();
  return 200_000 / (performance.now() - startMs);
}

/** Requests per second of Node's own HTTP, one caller, on loopback. */
async function httpRate(): Promise<number> {
  const server = createServer((_, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const startMs = performance.now();
  const rounds = 2_000;
  for (let n = 0; n < rounds; n += 1) {
    await new Promise<void>((resolve, reject) => {
      request({ port, host: '127.0.0.1' }, (response) => response.resume().on('end', resolve))
        .on('error', reject)
        .end();
    });
  }
  server.close();
  server.closeAllConnections();
  return (rounds * 1000) / (performance.now() - startMs);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
