import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { COMMANDS, type ControlCommand, controlRequest, readLine } from './protocol.ts';

export type ControlCommands = Readonly<Record<ControlCommand, (part: string | undefined) => Promise<unknown>>>;

/** Serves `commands` on a socket. Call only while holding the platform's lock: an existing socket is that of a dead platform. */
export async function serveControl(path: string, commands: ControlCommands) {
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    readLine(socket).then(
      (line) => answer(socket, line, commands),
      // The client went away before it asked.
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

async function answer(socket: Socket, line: string, commands: ControlCommands): Promise<void> {
  try {
    const { command, part } = controlRequest.parse(JSON.parse(line));
    const known = COMMANDS.find((name) => name === command);
    if (!known) throw new Error(`There is no command "${command}"`);
    socket.end(`${JSON.stringify({ ok: true, result: (await commands[known](part)) ?? null })}\n`);
  } catch (error: unknown) {
    socket.end(`${JSON.stringify({ ok: false, error: error instanceof Error ? error.message : String(error) })}\n`);
  }
}
