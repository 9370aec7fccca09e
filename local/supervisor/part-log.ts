import { createWriteStream, existsSync, renameSync, statSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

// Two files of this size per part at most: the one being written and the one before.
const FILE_LIMIT_BYTES = 10_000_000;
const TAIL_BYTES = 8_000;
const LEVEL_WORTH_SHOWING = /"level":"(error|fatal)"/;
// What Node and PostgreSQL print around the line that says what happened.
const NOISE = /^\s+at |^Node\.js v|^\s*\^|^node:internal|^\s*$/;

export type PartLog = ReturnType<typeof createPartLog>;

/** Keeps what a part writes in `<folder>/<name>.log`, and remembers the end of it for telling why it failed. */
export function createPartLog(folder: string, name: string) {
  const file = join(folder, `${name}.log`);
  let size = existsSync(file) ? statSync(file).size : 0;
  let output: WriteStream | undefined;
  let tail = '';

  function write(chunk: Buffer): void {
    // Between lines, so that none is torn apart.
    if (size > FILE_LIMIT_BYTES && tail.endsWith('\n')) rotate();
    tail = `${tail}${chunk.toString()}`.slice(-TAIL_BYTES);
    output ??= createWriteStream(file, { flags: 'a', mode: 0o600 }).on('error', () => {
      // A full disk must not end the platform; the tail still holds the last words.
    });
    output.write(chunk);
    size += chunk.length;
  }
  function rotate(): void {
    output?.end();
    output = undefined;
    renameSync(file, `${file}.1`);
    size = 0;
  }
  return {
    file,
    /** Takes the output of a new process; the last words of the one before are forgotten. */
    attach(...streams: readonly Readable[]): void {
      tail = '';
      for (const stream of streams) stream.on('data', write);
    },
    lastWords: () => findLastWords(tail),
  };
}

/** The last error of a log, or its last line; a JSON line by its message. */
function findLastWords(text: string): string {
  const lines = text.split('\n').filter((line) => !NOISE.test(line));
  const worst = lines.findLast((line) => LEVEL_WORTH_SHOWING.test(line) || /\b(FATAL|PANIC|ERROR|Error):/.test(line));
  return readMessage(worst ?? lines.at(-1) ?? '');
}

function readMessage(line: string): string {
  try {
    const parsed: unknown = JSON.parse(line);
    if (parsed && typeof parsed === 'object') {
      const message = 'message' in parsed ? parsed.message : 'msg' in parsed ? parsed.msg : undefined;
      if (typeof message === 'string') return message;
    }
  } catch {
    // Not a JSON line: shown as it is.
  }
  return line.trim();
}
