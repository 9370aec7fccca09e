import { createConnection } from 'node:net';
import { type ControlCommand, controlReply, type PlatformStatus, platformStatus, readLine } from './protocol.ts';

const STATUS_LIMIT_MS = 15_000;

/** Nobody listens on the socket: the platform is not running. */
export class NotRunning extends Error {
  override readonly name = 'NotRunning';
}

/**
 * Sends one command to the platform at `path`. Throws NotRunning, or an Error with the platform's own words. Without `limitMs` it
 * waits as long as the command takes.
 */
export async function askPlatform(
  path: string,
  command: ControlCommand,
  { part, limitMs }: { readonly part?: string; readonly limitMs?: number } = {},
): Promise<unknown> {
  const socket = createConnection(path);
  try {
    const hangs = new Error('The platform runs but does not answer: its supervisor hangs');
    if (limitMs !== undefined) socket.setTimeout(limitMs, () => socket.destroy(hangs));
    socket.write(`${JSON.stringify({ command, part })}\n`);
    const line = await readLine(socket).catch((cause: unknown) => {
      throw isUnreachable(cause) ? new NotRunning('ShopFast is not running here', { cause }) : cause;
    });
    const { ok, result, error } = controlReply.parse(JSON.parse(line));
    if (!ok) throw new Error(error ?? 'The platform refused');
    return result;
  } finally {
    socket.destroy();
  }
}

/** Every part of the running platform, asked now. Throws NotRunning when there is none. */
export async function readStatus(path: string): Promise<PlatformStatus> {
  return platformStatus.parse(await askPlatform(path, 'status', { limitMs: STATUS_LIMIT_MS }));
}

/** The system's own errors name the call that failed: no socket, nobody behind it, or a platform that ended while it was asked. */
function isUnreachable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'syscall' in error;
}
