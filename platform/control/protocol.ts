/**
 * The supervisor's protocol, as the supervisor and the command line speak it: one JSON line there, one back, over a Unix socket in
 * the data directory that only its owner can use.
 */
import type { Socket } from 'node:net';
import { join, relative } from 'node:path';
import * as z from 'zod';
import { ConfigError } from '../config/load.ts';

// sockaddr_un holds 104 bytes on macOS and 108 on Linux, with the ending zero.
const SOCKET_PATH_MAX_BYTES = 103;

export const COMMANDS = ['status', 'stop', 'restart', 'pause', 'resume'] as const;
export type ControlCommand = (typeof COMMANDS)[number];

export const controlRequest = z.object({ command: z.string(), part: z.string().optional() });
export const controlReply = z.object({ ok: z.boolean(), result: z.unknown().optional(), error: z.string().optional() });

const partStatus = z.object({
  name: z.string(),
  /** Where it listens, for people. */
  address: z.string(),
  state: z.enum(['waiting', 'starting', 'ready', 'restarting', 'paused', 'stopped']),
  pid: z.number().nullable(),
  restarts: z.number(),
  /** Asked now. A part that was ready and no longer answers still has the state `ready`: the supervisor watches its process only. */
  ready: z.boolean(),
  version: z.string().nullable(),
  /** Why it is not ready. */
  why: z.string().nullable(),
  /** Proportional set size; null where the system does not tell (other than Linux). */
  mib: z.number().nullable(),
});

/** Answer of `status`: every part, asked now. */
export const platformStatus = z.object({
  pid: z.number(),
  own_mib: z.number().nullable(),
  /** Parts that run elsewhere. */
  elsewhere: z.array(z.object({ name: z.string(), address: z.string() })),
  parts: z.array(partStatus),
});

/** Answer of `stop`: the process with this number is gone when everything has stopped. */
export const stopReply = z.object({ pid: z.number() });

export type PartState = z.infer<typeof partStatus>['state'];
export type PartStatus = z.infer<typeof partStatus>;
export type PlatformStatus = z.infer<typeof platformStatus>;

/** The socket of a platform whose data is in `data`. A deep clone's path may be too long; relative to the clone it is short. */
export function controlSocket(data: string): string {
  const path = join(data, 'control.sock');
  const short = [path, relative(process.cwd(), path)].sort((a, b) => Buffer.byteLength(a) - Buffer.byteLength(b))[0] ?? path;
  if (Buffer.byteLength(short) > SOCKET_PATH_MAX_BYTES) {
    throw new ConfigError(
      `SHOPFAST_DATA_DIR: ${path} is too long for a socket (${SOCKET_PATH_MAX_BYTES} bytes): choose a shorter folder`,
    );
  }
  return short;
}

/** The first line of the other side. Rejects with the socket's error, or with an Error when it closes before. */
export function readLine(socket: Socket): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('The platform ended before it answered')));
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('\n')) resolve(text);
    });
  });
}
