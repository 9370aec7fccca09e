import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const BUF = 'node_modules/.bin/buf';

/** Generates code from proto/ into `folder`; returns how many files it holds then. */
export function generateProto(folder: string): number {
  const template = readFileSync('buf.gen.yaml', 'utf8').replace('out: proto/gen', `out: ${folder}`);
  const scratch = mkdtempSync(join(tmpdir(), 'shopfast-proto-'));
  try {
    const file = join(scratch, 'buf.gen.yaml');
    writeFileSync(file, template);
    execFileSync(BUF, ['generate', '--template', file], { stdio: ['ignore', 'inherit', 'inherit'] });
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

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
