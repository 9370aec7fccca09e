import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A rival's own process; `listening` is the port that it told when it was ready. It ends with its parent. */
export type Child = { readonly pid: number; readonly listening: number; stop(): Promise<void> };

/** Starts a file of this folder with the arguments. It answers by `process.send(port)` and ends when the channel closes. */
export async function startChild(file: string, args: readonly string[], execArgv: readonly string[] = []): Promise<Child> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), [...args], { execArgv: [...execArgv] });
  const listening = await new Promise<number>((resolve, reject) => {
    child.once('message', (port) => resolve(Number(port)));
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
  });
  return { pid: child.pid ?? 0, listening, stop: () => ended(child) };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.disconnect();
  });
}
