import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const BUF = 'node_modules/.bin/buf';
// What gRPC reflection answers with, as code generators see it; without comments, so that it changes with the wire alone.
const DESCRIPTORS = 'descriptors.binpb';

/** Generates code and descriptors from proto/ into `folder`; returns how many files it holds then. */
export function generateProto(folder: string): number {
  const template = readFileSync('buf.gen.yaml', 'utf8').replace('out: proto/gen', `out: ${folder}`);
  const scratch = mkdtempSync(join(tmpdir(), 'shopfast-proto-'));
  try {
    const file = join(scratch, 'buf.gen.yaml');
    writeFileSync(file, template);
    buf('generate', '--template', file);
    buf('build', '--as-file-descriptor-set', '--exclude-source-info', '--output', join(folder, DESCRIPTORS));
  } finally {
    rmSync(scratch, { recursive: true });
  }
  return filesBelow(folder).length;
}

/** What of proto/gen differs from what proto/ says now; empty when nothing does. */
export function protoDrift(): { readonly files: number; readonly drift: readonly string[] } {
  const fresh = mkdtempSync(join(tmpdir(), 'shopfast-gen-'));
  try {
    generateProto(fresh);
    const expected = filesBelow(fresh).map((file) => relative(fresh, file));
    const present = filesBelow('proto/gen').map((file) => relative('proto/gen', file));
    const drift = [...new Set([...expected, ...present])].filter(
      (file) => read(join(fresh, file)) !== read(join('proto/gen', file)),
    );
    return { files: expected.length, drift };
  } finally {
    rmSync(fresh, { recursive: true });
  }
}

function buf(...args: string[]): void {
  execFileSync(BUF, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

function read(path: string): string | undefined {
  try {
    // Every byte is a character: one of the files is no text.
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
