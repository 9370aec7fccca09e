// How other commands speak to a running platform: one JSON line there, one back, over a socket that only its owner can use.
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import * as z from 'zod';

const request = z.object({ command: z.string(), part: z.string().optional() });
const reply = z.object({ ok: z.boolean(), result: z.unknown(), error: z.string().optional() });

export type Command = (part: string | undefined) => Promise<unknown>;

/** Serves `commands` on a socket. Call only while holding the platform's lock: a socket that is there is a dead one's. */
export async function serveControl(path: string, commands: Readonly<Record<string, Command>>) {
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    firstLine(socket).then(
      (line) => answer(socket, line, commands),
      // Whoever asked went away before asking.
      () => {},
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    close(): void {
      server.close();
      rmSync(path, { force: true });
    },
  };
}

async function answer(socket: Socket, line: string, commands: Readonly<Record<string, Command>>): Promise<void> {
  try {
    const { command, part } = request.parse(JSON.parse(line));
    const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
    if (!run) throw new Error(`There is no command "${command}"`);
    socket.end(`${JSON.stringify({ ok: true, result: (await run(part)) ?? null })}\n`);
  } catch (error: unknown) {
    socket.end(`${JSON.stringify({ ok: false, error: error instanceof Error ? error.message : String(error) })}\n`);
  }
}

/** Nobody listens: the platform is not running. */
export class NotRunning extends Error {
  override readonly name = 'NotRunning';
}

/** Asks the platform at `path` for something. Throws NotRunning, or an Error with the platform's own words. */
export async function askPlatform(path: string, command: string, part?: string): Promise<unknown> {
  const socket = createConnection(path);
  try {
    socket.write(`${JSON.stringify({ command, part })}\n`);
    const line = await firstLine(socket);
    const { ok, result, error } = reply.parse(JSON.parse(line));
    if (!ok) throw new Error(error ?? 'The platform refused');
    return result;
  } finally {
    socket.destroy();
  }
}

function firstLine(socket: Socket): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    socket.once('error', (cause) => reject(new NotRunning('ShopFast is not running here', { cause })));
    socket.once('close', () => reject(new Error('The platform ended before it answered')));
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('\n')) resolve(text);
    });
  });
}
